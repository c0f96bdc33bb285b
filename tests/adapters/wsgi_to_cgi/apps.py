"""WSGI applications, named after their behaviour. ../asgi_to_cgi/apps.py has the same in ASGI."""

import json
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, cast
from wsgiref.validate import validator

from tests.adapters.on_cgi.side_effects import await_signal, chatter, complain, leave_a_child, note

Environ = dict[str, Any]
Start = Callable[..., Callable[[bytes], None]]
TEXT = [("Content-Type", "text/plain")]


def hello(environ: Environ, start_response: Start) -> Iterable[bytes]:
    start_response("200 OK", TEXT)
    return [b"Hello!\n"]


def reports(environ: Environ, start_response: Start) -> Iterable[bytes]:
    start_response("200 OK", [("Content-Type", "application/json")])
    report = {
        "method": environ["REQUEST_METHOD"],
        "root": environ["SCRIPT_NAME"],
        "path": environ["PATH_INFO"],
        "query": environ["QUERY_STRING"],
        "scheme": environ["wsgi.url_scheme"],
        "headers": {name[5:].lower(): value for name, value in environ.items() if name.startswith("HTTP_")},
        "proxy": os.environ.get("HTTP_PROXY"),
        "body": environ["wsgi.input"].read().decode("latin-1"),
    }
    return [json.dumps(report).encode()]


def echoes_as_it_reads(environ: Environ, start_response: Start) -> Iterator[bytes]:
    start_response("200 OK", TEXT)
    while block := environ["wsgi.input"].read1():
        yield block


def chatters(environ: Environ, start_response: Start) -> Iterable[bytes]:
    chatter()
    return hello(environ, start_response)


def reads_stdin(environ: Environ, start_response: Start) -> Iterable[bytes]:
    start_response("200 OK", TEXT)
    return [f"{sys.stdin.read()!r} {os.read(0, 10)!r}".encode()]


def streams(environ: Environ, start_response: Start) -> Iterator[bytes]:
    start_response("200 OK", TEXT)
    yield b"first\n"
    await_signal()
    yield b"last\n"


def answers_big(environ: Environ, start_response: Start) -> Iterable[bytes]:
    start_response("200 OK", [*TEXT, ("Content-Length", str(5_000_000))])
    return (bytes([65 + number]) * 100_000 for number in range(50))


def sets_cookies(environ: Environ, start_response: Start) -> Iterable[bytes]:
    start_response("200 OK", [*TEXT, ("Set-Cookie", "a=1"), ("Set-Cookie", "b=caf\xc3\xa9")])
    return [b"x"]


def has_no_content(environ: Environ, start_response: Start) -> Iterable[bytes]:
    start_response("204 No Content", [])
    return [b"nothing"]


def is_not_modified(environ: Environ, start_response: Start) -> Iterable[bytes]:
    start_response("304 Not Modified", [("ETag", '"x"')])
    return iter([b"nothing"])


def raises_before_head(environ: Environ, start_response: Start) -> Iterable[bytes]:
    start_response("200 OK", TEXT)
    raise ZeroDivisionError("of the application")


def raises_after_head(environ: Environ, start_response: Start) -> Iterator[bytes]:
    start_response("200 OK", TEXT)
    yield b"the first block"
    raise ZeroDivisionError("of the application")


def exits(environ: Environ, start_response: Start) -> Iterable[bytes]:
    sys.exit(0)


def answers_short(environ: Environ, start_response: Start) -> Iterator[bytes]:
    start_response("200 OK", [*TEXT, ("Content-Length", "10")])
    yield b"short"


class Closes:
    """Blocks, which record their close()."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks = blocks

    def __iter__(self) -> Iterator[bytes]:
        return self._blocks

    def close(self) -> None:
        note("ended")


def waits(environ: Environ, start_response: Start) -> Iterable[bytes]:
    """Sends one block and then waits."""
    start_response("200 OK", TEXT)

    def blocks() -> Iterator[bytes]:
        yield b"first\n"
        await_signal()

    return Closes(blocks())


def waits_before_head(environ: Environ, start_response: Start) -> Iterable[bytes]:
    try:
        note("waiting")
        await_signal()
    finally:
        note("ended")
    return []


def writes_for_ever(environ: Environ, start_response: Start) -> Iterable[bytes]:
    start_response("200 OK", TEXT)
    return Closes(iter(lambda: b"x" * 1000 + b"\n", b""))


def works_on(environ: Environ, start_response: Start) -> Iterable[bytes]:
    """Works after its response."""

    class WorksOn(Closes):
        def close(self) -> None:
            note("working")
            await_signal()
            note("worked")

    start_response("200 OK", TEXT)
    return WorksOn(iter([b"Hello!\n"]))


def fails_after_its_response(environ: Environ, start_response: Start) -> Iterable[bytes]:
    class Fails(Closes):
        def close(self) -> None:
            raise ZeroDivisionError("of the application")

    start_response("200 OK", TEXT)
    return Fails(iter([b"Hello!\n"]))


def leaves_a_child(environ: Environ, start_response: Start) -> Iterable[bytes]:
    leave_a_child()
    return hello(environ, start_response)


def complains(environ: Environ, start_response: Start) -> Iterable[bytes]:
    complain()
    return hello(environ, start_response)


# Apps for WSGI only.


def _validated(environ: Environ, start_response: Start) -> Iterable[bytes]:
    start_response("200 OK", TEXT)
    environ["wsgi.input"].read(3)
    return [b"x"]


validates = validator(cast(Any, _validated))


def tells_of_wsgi(environ: Environ, start_response: Start) -> Iterable[bytes]:
    start_response("200 OK", TEXT)
    names = ("run_once", "multithread", "multiprocess", "version", "input_terminated")
    keys = {name: environ[f"wsgi.{name}"] for name in names}
    body = {"length": environ.get("CONTENT_LENGTH"), "coding": environ.get("HTTP_TRANSFER_ENCODING")}
    return [json.dumps({**keys, **body, "type": type(environ).__name__}).encode()]


def sends_a_file(environ: Environ, start_response: Start) -> Iterable[bytes]:
    start_response("200 OK", TEXT)
    file = Path(__file__).open("rb")  # noqa: SIM115 (PEP 3333: the server closes it)
    wrapped: Iterable[bytes] = environ["wsgi.file_wrapper"](file, 100)
    return wrapped


def uses_write(environ: Environ, start_response: Start) -> Iterable[bytes]:
    write = start_response("200 OK", TEXT)
    write(b"written, ")
    write(b"written, ")
    return [b"returned"]


def changes_its_mind(environ: Environ, start_response: Start) -> Iterable[bytes]:
    start_response("200 OK", TEXT)
    try:
        raise ZeroDivisionError
    except ZeroDivisionError:
        start_response("503 My Own Words", [("Retry-After", "1")], sys.exc_info())
    return [b"later"]


def swallows_everything(environ: Environ, start_response: Start) -> Iterator[bytes]:
    """Catches every exception, including SystemExit."""
    start_response("200 OK", TEXT)
    yield b"first\n"
    for _ in range(1000):
        try:
            time.sleep(0.01)
        except BaseException:
            note("swallowed")
        yield b"more\n"


def answers_too_much(environ: Environ, start_response: Start) -> Iterable[bytes]:
    start_response("200 OK", [*TEXT, ("Content-Length", "5")])
    return iter([b"12", b"345678"])
