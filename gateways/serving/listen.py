"""Bind the socket of a server before the server starts. A port in use is then reported immediately."""

import contextlib
import errno
import os
import socket
import stat
from pathlib import Path

from gateways.failure import Failure


def bind(host: str, port: int) -> socket.socket:
    """Return a TCP socket bound to `host` and `port` (0: any free port), not yet listening. The caller closes it.

    Raises:
        Failure: the port is in use or not allowed, or the host is unknown or not an address of this machine.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (socket.gaierror, UnicodeError) as error:
        raise Failure(f"the host {host!r} cannot be resolved ({error}); try --host 127.0.0.1") from error
    family, kind, proto, _, address = found[0]
    sock = socket.socket(family, kind, proto)
    try:
        # SO_REUSEADDR allows a port with connections in TIME_WAIT, but not a port on which a server listens.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(address)
    except OSError as error:
        sock.close()
        raise Failure(_refused(host, port, error)) from error
    return sock


def _refused(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port {port} on {host} is in use; choose another with --port (0: any free port)"
    if error.errno == errno.EACCES:
        return f"no permission to listen on port {port}; choose a port above 1023 with --port"
    return f"cannot listen on {host} port {port}: {error.strerror}; try --host 127.0.0.1"


def bind_unix(path: str) -> socket.socket:
    """Return a Unix socket bound to `path`, not yet listening. The caller closes it and removes the file.

    Replaces the socket file of a server that has exited.

    Raises:
        Failure: a server listens there, a different kind of file exists, or the folder does not exist.
    """
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        if _is_left_behind(path):
            Path(path).unlink()
        sock.bind(path)
    except OSError as error:
        sock.close()
        why = "another server listens on it, or the file is not a socket" if os.path.lexists(path) else error.strerror
        raise Failure(f"cannot listen on {path}: {why or error}; choose another with --unix") from error
    return sock


def _is_left_behind(path: str) -> bool:
    """Return True for a Unix socket on which no process listens."""
    with contextlib.suppress(OSError):
        if stat.S_ISSOCK(Path(path).lstat().st_mode):
            try:
                connect((path, 0)).close()
            except ConnectionRefusedError:
                return True
    return False


def reachable(sock: socket.socket) -> tuple[str, int]:
    """Return the host and port at which a local client reaches a bound socket. For a Unix socket, return its path and
    0.
    """
    if sock.family == socket.AF_UNIX:
        return str(Path(sock.getsockname()).absolute()), 0
    host, port = sock.getsockname()[:2]
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host), port


def connect(address: tuple[str, int], seconds: float = 1.0) -> socket.socket:
    """Connect to the address within `seconds`. Raises OSError."""
    path, port = address
    if port:
        return socket.create_connection(address, seconds)
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        sock.settimeout(seconds)
        sock.connect(path)
    except OSError:
        sock.close()
        raise
    return sock


def url(host: str, port: int | str, scheme: str = "http") -> str:
    """Return the URL of an address: "http://127.0.0.1:8000", "http://[::1]:8000", "unix:/run/app"."""
    if not port:
        return f"unix:{host}"
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"
