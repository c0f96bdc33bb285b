"""Requests of PEP 3333: a complete environ, and inputs like those of servers: in pieces, late, short, broken."""

from __future__ import annotations

import sys
import threading
from typing import Any

Environ = dict[str, Any]


def environ(method: str = "GET", path: str = "/", *, body: bytes = b"", **more: Any) -> Environ:
    """Return a complete environ (PEP 3333). `path` is bytes as latin-1. `more` adds, replaces or (None) removes keys.

    Write `wsgi_input` for "wsgi.input", because a keyword cannot contain a dot.
    """
    built: Environ = {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "QUERY_STRING": "",
        "SERVER_NAME": "example.test",
        "SERVER_PORT": "8080",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "192.0.2.7",
        "REMOTE_PORT": "50123",
        "HTTP_HOST": "example.test:8080",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": Input(body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    if body:
        built["CONTENT_LENGTH"] = str(len(body))
    for key, value in more.items():
        name = key.replace("_", ".", 1) if key.startswith(("wsgi_", "waitress_")) else key
        if value is None:
            built.pop(name, None)
        else:
            built[name] = value
    return built


class Input:
    """An input of scripted reads. Each step is bytes to return, an event to wait for, or an exception to raise.

    Bytes that exceed the requested size are kept for the next read. After the last step, read() returns b"".
    """

    def __init__(self, *steps: bytes | threading.Event | Exception) -> None:
        self._steps = list(steps)
        self.sizes: list[int] = []
        self.threads: set[int] = set()
        self.given = 0

    def read(self, size: int = -1) -> bytes:
        """Return up to `size` bytes of the next step."""
        self.sizes.append(size)
        self.threads.add(threading.get_ident())
        while self._steps:
            step = self._steps.pop(0)
            if isinstance(step, Exception):
                self._steps.insert(0, step)  # a broken connection stays broken
                raise step
            if isinstance(step, threading.Event):
                assert step.wait(10), "the test never let the input go on"
                continue
            if size >= 0 and len(step) > size:
                self._steps.insert(0, step[size:])
                step = step[:size]
            self.given += len(step)
            return step
        return b""


class Endless:
    """An endless input, like a large upload; it only creates the bytes that are read."""

    def __init__(self) -> None:
        self.given = 0

    def read(self, size: int = -1) -> bytes:
        """`size` bytes."""
        assert size > 0, f"read({size}) of an input with a length"
        self.given += size
        return bytes(size)


def upload(*steps: Any, length: int | None) -> tuple[Environ, Input]:
    """Return an environ whose input does `steps`."""
    given = Input(*steps)
    return environ("POST", wsgi_input=given, CONTENT_LENGTH=None if length is None else str(length)), given
