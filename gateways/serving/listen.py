"""Where a server listens: a socket bound before the server starts, so that a taken port is known, and said, at once."""

import contextlib
import errno
import os
import socket
import stat
from pathlib import Path

from gateways.failure import Failure


def bind(host: str, port: int) -> socket.socket:
    """A TCP socket bound to `host` and `port` (0: any that is free), not yet listening; the caller closes it.

    Raises:
        Failure: the port is taken or not allowed, or the host is no address of this machine.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (socket.gaierror, UnicodeError) as error:
        raise Failure(f"the host {host!r} cannot be resolved ({error}); try --host 127.0.0.1") from error
    family, kind, proto, _, address = found[0]
    sock = socket.socket(family, kind, proto)
    try:
        # A port whose last connections are in TIME_WAIT may be bound again; one that somebody listens on may not.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(address)
    except OSError as error:
        sock.close()
        raise Failure(_refused(host, port, error)) from error
    return sock


def _refused(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port {port} on {host} is taken; choose another with --port (0: any that is free)"
    if error.errno == errno.EACCES:
        return f"port {port} needs more rights than this user has; choose one above 1023 with --port"
    return f"cannot listen on {host} port {port}: {error.strerror}; try --host 127.0.0.1"


def bind_unix(path: str) -> socket.socket:
    """A Unix socket bound to `path`, not yet listening; the caller closes it, and removes the file.

    The file of a server that is no more is taken over.

    Raises:
        Failure: a server listens there, something else is there, or there is no such folder.
    """
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        if _is_left_behind(path):
            Path(path).unlink()
        sock.bind(path)
    except OSError as error:
        sock.close()
        why = "a server listens there, or it is another kind of file" if os.path.lexists(path) else error.strerror
        raise Failure(f"cannot listen on {path}: {why or error}; choose another with --unix") from error
    return sock


def _is_left_behind(path: str) -> bool:
    """Whether there is a Unix socket at which nobody listens."""
    with contextlib.suppress(OSError):
        if stat.S_ISSOCK(Path(path).lstat().st_mode):
            try:
                connect((path, 0)).close()
            except ConnectionRefusedError:
                return True
    return False


def reachable(sock: socket.socket) -> tuple[str, int]:
    """Host and port at which a client on this machine reaches a bound socket; of a Unix socket its path, and 0."""
    if sock.family == socket.AF_UNIX:
        return str(Path(sock.getsockname()).absolute()), 0
    host, port = sock.getsockname()[:2]
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host), port


def connect(address: tuple[str, int], seconds: float = 1.0) -> socket.socket:
    """A connection to what is reachable there, made within that time. Raises OSError."""
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
    """The URL of a server there, without a path: "http://127.0.0.1:8000", "http://[::1]:8000", "unix:/run/app"."""
    if not port:
        return f"unix:{host}"
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"
