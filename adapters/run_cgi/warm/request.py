"""One request: its packet, its descriptors, and the packets that it sends to the host.

Knows packets, descriptors and variables. It must not know other requests, or how processes start and end. zygote.py
loads this file by its name into the program's own interpreter (Python 3.9 or later).
"""

# Do not use pathlib, because each program would have to import it.
# ruff: noqa: PTH120
from __future__ import annotations

import _socket
import os
import sys

PACKET = 1 << 20  # size limit of a packet, in bytes
COUNT = 4  # number of descriptors of a request
_SPACE = _socket.CMSG_SPACE(4 * COUNT)


class Request:
    """One request. `control`: the descriptor of the socket on which packets are sent to the host."""

    def __init__(self, packet: bytes, descriptors: list[int]) -> None:
        count, *words = packet.split(b"\0")
        self._packet = packet
        self._arguments = [os.fsdecode(word) for word in words[: int(count)]]
        self.variables = words[int(count) :]
        self._streams, self.control = descriptors[:3], descriptors[3]

    def notify_host(self, packet: bytes) -> bool:
        """Send a packet to the host. Return False if the host has closed this connection."""
        try:
            os.write(self.control, packet)
        except OSError:
            return False
        return True

    def refuse(self, packet: bytes) -> None:
        """Refuse the request by sending this packet. No process will run it."""
        self.notify_host(packet)
        self.close_streams()
        os.close(self.control)

    def send(self, connection: _socket.socket) -> None:
        """Send the request to the process that will run it. Raises OSError."""
        descriptors = b"".join(each.to_bytes(4, sys.byteorder) for each in (*self._streams, self.control))
        connection.sendmsg([self._packet], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, descriptors)])

    def close_streams(self) -> None:
        """Close the zygote's copies of the standard streams."""
        for descriptor in self._streams:
            os.close(descriptor)

    def become(self, program: str) -> None:
        """Prepare this process for the program: its folder, descriptors, arguments and variables (RFC 3875, 7.2).

        If the folder no longer exists, exit before the process id is sent to the host.
        """
        try:
            os.chdir(os.path.dirname(program))
        except OSError:
            os._exit(1)
        if not self.notify_host(b"pid %d" % os.getpid()):  # the host no longer needs the response
            os._exit(0)
        for descriptor, stream in zip(self._streams, (0, 1, 2)):  # noqa: B905 (Python 3.9)
            os.dup2(descriptor, stream)
        os.closerange(3, max(*self._streams, self.control) + 1)
        if hasattr(sys, "orig_argv"):  # since Python 3.10; its last word is the program's name
            sys.orig_argv[len(sys.orig_argv) - 1 :] = self._arguments
        sys.argv[:] = self._arguments
        for variable in self.variables:
            name, _, value = variable.partition(b"=")
            os.environb[name] = value


def receive(connection: _socket.socket) -> tuple[bytes, Request | None]:
    """Receive a packet. Return the packet, and the request in it; None if it contains no request.

    The packet is empty at the end of the connection. The request is also None if this process has no free descriptor.
    The host then detects that the request's descriptors are closed.
    """
    try:
        packet, ancillary, _, _ = connection.recvmsg(PACKET, _SPACE)
    except ConnectionResetError:  # the host died before it read all packets; packets that it sent can still be read
        packet, ancillary, _, _ = connection.recvmsg(PACKET, _SPACE)
    octets = b"".join(data for _, _, data in ancillary)
    descriptors = [int.from_bytes(octets[at : at + 4], sys.byteorder) for at in range(0, len(octets), 4)]
    if len(descriptors) == COUNT:
        return packet, Request(packet, descriptors)
    for descriptor in descriptors:
        os.close(descriptor)
    return packet, None
