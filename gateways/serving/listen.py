"""Where a server listens: a socket bound before the server starts, so that a taken port is known, and said, at once."""

import errno
import socket

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


def reachable(sock: socket.socket) -> tuple[str, int]:
    """Host and port at which a client on this machine reaches a bound socket."""
    host, port = sock.getsockname()[:2]
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host), port


def url(host: str, port: int | str) -> str:
    """The URL of a server there, without a path: "http://127.0.0.1:8000", "http://[::1]:8000"."""
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
