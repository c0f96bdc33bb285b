"""The move that is checked: an app of one interface moves to a server with known traits. Pure.

To add a server, add one row to SERVERS. Limits and buffering cite the server's own documentation.
"""

from dataclasses import dataclass

from gateways.serving.mode import Mode

MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Traits:
    """Properties of a server that can change an app's behaviour, with typical settings.

    threads: assumed number of threads per process that call a WSGI app; 1 if a process handles one request at a time.
    lifespan: False if the server sends no lifespan events.
    lends_socket: True for a WSGI server whose environ contains its socket, as simple-websocket requires.
    shows_socket: True for a WSGI server whose connection ASGIToWSGI can take over for WebSockets (docs/websocket.md).
    body_limit: size limit of a request body in bytes, None for no limit. body_option: the option that raises the limit.
    buffering: how the server delays a streamed response, "" if it does not. unbuffered: the remedy.
    """

    name: str
    speaks: tuple[Mode, ...]
    threads: int = 1
    lifespan: bool = True
    lends_socket: bool = False
    shows_socket: bool = False
    body_limit: int | None = None
    body_option: str = ""
    buffering: str = ""
    unbuffered: str = ""


SERVERS: dict[str, Traits] = {
    traits.name: traits
    for traits in (
        Traits(
            "waitress",
            ("wsgi",),
            threads=4,
            shows_socket=True,
            body_limit=1024 * MIB,
            body_option="max_request_body_size (waitress: Arguments to waitress.serve)",
        ),
        Traits("gunicorn", ("wsgi",), threads=8, lends_socket=True, shows_socket=True),
        Traits("cheroot", ("wsgi",), threads=10, shows_socket=True),
        Traits("granian", ("wsgi", "asgi"), threads=8),
        Traits("uvicorn", ("asgi", "cgi")),
        Traits("hypercorn", ("asgi",)),
        Traits("daphne", ("asgi",), lifespan=False),
        Traits("werkzeug", ("wsgi",), threads=8, lends_socket=True, shows_socket=True),
        Traits("uwsgi", ("wsgi",), threads=1, shows_socket=True),
        Traits(
            "mod_wsgi",
            ("wsgi",),
            threads=15,
            body_limit=1024 * MIB,
            body_option="LimitRequestBody (Apache httpd core, default 1073741824 since 2.4.54)",
        ),
        Traits(
            "nginx",
            ("wsgi", "asgi", "cgi"),
            threads=8,
            lends_socket=True,
            shows_socket=True,
            body_limit=MIB,
            body_option="client_max_body_size (ngx_http_core_module, default 1m)",
            buffering="nginx buffers a proxied response (ngx_http_proxy_module, proxy_buffering on)",
            unbuffered=(
                "send the header 'X-Accel-Buffering: no' with the response, or set 'proxy_buffering off' in nginx"
            ),
        ),
        Traits(
            "apache",
            ("cgi",),
            body_limit=1024 * MIB,
            body_option="LimitRequestBody (Apache httpd core, default 1073741824 since 2.4.54)",
        ),
        Traits(
            "lighttpd",
            ("cgi",),
            buffering="lighttpd reads the whole response before it sends it (server.stream-response-body = 0)",
            unbuffered="set 'server.stream-response-body = 1' in lighttpd.conf",
        ),
    )
}

DEFAULTS: dict[Mode, str] = {"wsgi": "waitress", "asgi": "uvicorn", "cgi": "uvicorn"}
"""Default server of each mode, the same as in `gateways serve`."""

OTHER: dict[Mode, Mode] = {"wsgi": "asgi", "asgi": "wsgi", "cgi": "asgi"}
"""Default of --to for each interface of an app."""

ADAPTER_THREADS = 32
"""Default of the argument `threads` of WSGIToASGI."""


@dataclass(frozen=True, slots=True)
class Move:
    """An app of the interface `interface` moves to `server`, which speaks `to`.

    `threads_asked`: the number of threads that the user chose; None for the default.
    """

    interface: Mode
    to: Mode
    server: Traits
    threads_asked: int | None = None

    @property
    def threads(self) -> int:
        """Maximum number of threads of one process that run a WSGI app concurrently on that server; 1 for others."""
        if self.to == "cgi" or self.interface != "wsgi":
            return 1
        return self.threads_asked or (ADAPTER_THREADS if self.to == "asgi" else self.server.threads)

    @property
    def leaves_importing_thread(self) -> bool:
        """True if one thread imports the app, and other threads run its requests."""
        return self.threads > 1 or (self.interface == "asgi" and self.to == "wsgi")

    @property
    def runner(self) -> str:
        """The adapter and server that run the app, as text: "WSGIToASGI on uvicorn", "waitress"."""
        if self.interface == self.to:
            return self.server.name
        adapter = f"{self.interface.upper()}To{self.to.upper()}"
        return f"{adapter} as a CGI program" if self.to == "cgi" else f"{adapter} on {self.server.name}"


def destination(interface: Mode, to: Mode | None, server: str | None) -> tuple[Mode, Traits]:
    """Choose mode and server. Without `to` and `server`, an ASGI app moves to WSGI, and any other app to ASGI.

    Raises:
        ValueError: the server is unknown, or does not speak `to`; the message names the servers that do.
    """
    if server is None:
        to = to or OTHER[interface]
        return to, SERVERS[DEFAULTS[to]]
    if server not in SERVERS:
        raise ValueError(f"unknown server {server!r}; choose one of {', '.join(SERVERS)}")
    traits = SERVERS[server]
    if to is None:
        to = interface if interface in traits.speaks and len(traits.speaks) > 1 else traits.speaks[0]
    if to not in traits.speaks:
        those = ", ".join(name for name, each in SERVERS.items() if to in each.speaks)
        raise ValueError(f"{server} does not speak {to.upper()}; choose one of {those}")
    return to, traits
