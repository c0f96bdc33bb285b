"""Table of the generations: their names, the reference app in each form, and their limits. Pure."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Generation:
    """A generation of an interface. `target` is the reference app in its form; "" for the default of the mode."""

    name: str
    year: int
    mode: Literal["cgi", "wsgi", "asgi"]
    target: str
    server: str
    news: str
    cannot: str


GENERATIONS = (
    Generation(
        "CGI",
        1993,
        "cgi",
        "",
        "uvicorn",
        "the server runs a program: variables and stdin in, stdout out",
        "keep state in memory between requests, because each request starts a process",
    ),
    Generation(
        "PEP 333",
        2003,
        "wsgi",
        "gateways.wsgi.pep333:app",
        "waitress",
        "the process keeps running; the server calls a function, and the app may push data with write()",
        "distinguish bytes from text, because both are str",
    ),
    Generation(
        "PEP 3333",
        2010,
        "wsgi",
        "",
        "waitress",
        "bytes and text are distinct types; the server pulls the response block by block",
        "wait without holding a thread; send without a request, as a WebSocket does",
    ),
    Generation(
        "ASGI 2",
        2017,
        "asgi",
        "gateways.asgi.asgi2:App",
        "uvicorn",
        "events in both directions on one loop, WebSockets too; the app is a callable that returns an async callable",
        "use await in the outer callable, so middleware needs two callables",
    ),
    Generation(
        "ASGI 3",
        2019,
        "asgi",
        "",
        "uvicorn",
        "the app is one coroutine function, which middleware can wrap",
        "block without stopping all other requests on the loop",
    ),
)
