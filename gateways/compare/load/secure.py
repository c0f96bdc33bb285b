"""A connection over TLS. Knows encryption. It must not know the protocol inside.

Arrival times are those of the encrypted bytes. Certificates are verified as Python does by default, unless the order
accepts any certificate.
"""

import ssl
from functools import lru_cache

from gateways.compare.load.engine import BUFFER, Client, Engine, Link
from gateways.compare.load.order import Trust

DEFAULT_TRUST = Trust()

_clear = memoryview(bytearray(BUFFER))
"""Buffer for decrypted data, valid during a call of received()."""


@lru_cache
def context(trust: Trust) -> ssl.SSLContext:
    tls_context = ssl.create_default_context(cafile=trust.ca or None)
    if trust.insecure:
        tls_context.check_hostname, tls_context.verify_mode = False, ssl.CERT_NONE
    tls_context.set_alpn_protocols(["http/1.1"])
    return tls_context


class SecureLink(Link):
    """A link over TLS. The engine passes the encrypted bytes to the link. The link calls connected() of its client
    after the handshake.
    """

    __slots__ = ("_in", "_out", "_shaken", "_tls", "_user")

    def __init__(
        self,
        engine: Engine,
        client: Client,
        address: tuple[str, int],
        receive_buffer: int,
        name: str,
        trust: Trust = DEFAULT_TRUST,
    ):
        self._user = client
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context(trust).wrap_bio(self._in, self._out, server_hostname=name)
        self._shaken = False
        super().__init__(engine, self, address, receive_buffer)

    def send(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            rest = rest[self._tls.write(rest) :]
        self._flush()

    def connected(self) -> None:
        self._shake()

    def received(self, data: memoryview, at: int) -> None:
        self._in.write(data)
        if not self._shaken and not self._shake():
            return
        try:
            while self.open and (length := self._decrypt()):
                self._user.received(_clear[:length], at)
        except ssl.SSLError as error:
            self._give_up(error)
        self._flush()

    def ended(self, why: str) -> None:
        self._user.ended(why)

    def _shake(self) -> bool:
        """Continue the handshake; return True if it is complete."""
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            self._flush()
            return False
        except ssl.SSLError as error:
            self._flush()  # sends the alert with the reason
            self._give_up(error)
            return False
        self._shaken = True
        self._flush()
        self._user.connected()
        return True

    def _decrypt(self) -> int:
        """Decrypt the available data, up to the size of the buffer. Return its size in bytes.

        The peer's close_notify closes the link.
        """
        length = 0
        while length < BUFFER:
            try:
                number = int(self._tls.read(BUFFER - length, _clear[length:]))  # read() into a buffer returns a number
            except ssl.SSLWantReadError:
                break
            except ssl.SSLZeroReturnError:
                number = 0
            if not number:
                self._engine.after(0.0, self._end)
                break
            length += number
        return length

    def _end(self) -> None:
        if self.open:
            self.close()
            self._user.ended("")

    def _give_up(self, error: ssl.SSLError) -> None:
        if self.open:
            self.close()
            self._user.ended(
                f"TLS: {error.verify_message if isinstance(error, ssl.SSLCertVerificationError) else error.reason}"
            )

    def _flush(self) -> None:
        if self.open and (octets := self._out.read()):
            super().send(octets)
