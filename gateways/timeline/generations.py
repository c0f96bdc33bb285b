"""The generations: what each is called, the reference app in its form, and what it cannot do. Pure: a table."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Generation:
    """An interface of a year. `target` is the reference app as it is written for it; "" is the mode's usual one."""

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
        "keep anything from one request to the next; each pays for a new process",
    ),
    Generation(
        "PEP 333",
        2003,
        "wsgi",
        "gateways.wsgi.pep333:app",
        "waitress",
        "the program stays; the server calls a function, and the app may push with write()",
        "be paced by the server: write() pushes; and tell bytes from text, both being str",
    ),
    Generation(
        "PEP 3333",
        2010,
        "wsgi",
        "",
        "waitress",
        "bytes and text are told apart; the server asks for block after block",
        "wait without holding a thread; speak first, as a WebSocket does",
    ),
    Generation(
        "ASGI 2",
        2016,
        "asgi",
        "gateways.asgi.asgi2:App",
        "uvicorn",
        "events both ways on one loop, WebSockets too; a callable that makes a callable",
        "await in its first call, and so be wrapped by one function",
    ),
    Generation(
        "ASGI 3",
        2019,
        "asgi",
        "",
        "uvicorn",
        "one coroutine function, which others can wrap",
        "block: that would stop every request of the loop",
    ),
)
