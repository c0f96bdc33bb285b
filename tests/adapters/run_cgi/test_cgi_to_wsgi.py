"""Requirements of PEP 3333 and its servers for the WSGI host."""

import io
import os
import socket
import sys
import threading
import uuid
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from wsgiref.util import setup_testing_defaults
from wsgiref.validate import validator

import pytest

from gateways.adapters.cgi_to_wsgi import CGIToWSGI
from gateways.adapters.errors import ClientDisconnected
from gateways.adapters.run_cgi.host import ProgramFailed
from tests.adapters.run_cgi.leftovers import assert_gone, processes
from tests.real.serving import eventually


class Call:
    """One call of the application."""

    def __init__(self, programs: Path, path: str, query: Any = "", **environ: Any) -> None:
        self.status = ""
        self.headers: list[tuple[str, str]] = []
        self.environ = {
            "SCRIPT_NAME": "",
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "wsgi.errors": sys.stderr,
            **environ,
        }
        setup_testing_defaults(self.environ)
        self.app = CGIToWSGI(programs)

    def __call__(self, validate: bool = False) -> Any:
        app: Any = validator(self.app) if validate else self.app
        return app(self.environ, self.start_response)

    def start_response(self, status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
        self.status, self.headers = status, headers
        return io.BytesIO().write

    def all(self, validate: bool = False) -> bytes:
        blocks: Iterable[bytes] = self(validate)
        try:
            return b"".join(blocks)
        finally:
            if hasattr(blocks, "close"):
                blocks.close()


@pytest.mark.parametrize("path", ["/hello.sh", "/missing", "/prints.py", "/nph-hello.sh"])
def test_it_passes_wsgirefs_validator(programs: Path, path: str) -> None:
    assert Call(programs, path).all(validate=True)


def test_the_programs_reason_phrase_is_passed_on(programs: Path) -> None:
    call = Call(programs, "/prints.py", "Status:%20404%20Gone%20Fishing%0A%0A")
    call.all()
    assert call.status == "404 Gone Fishing"


def test_the_environ_of_the_server_is_not_changed(programs: Path) -> None:
    call = Call(programs, "/report.py", **{"wsgi.input": io.BytesIO(b"body"), "wsgi.input_terminated": True})
    before = dict(call.environ)
    assert b'"body": "body"' in call.all()
    assert call.environ == before


def test_a_chunked_body_without_a_known_end_is_411(programs: Path) -> None:
    call = Call(programs, "/echo.py", HTTP_TRANSFER_ENCODING="chunked", REQUEST_METHOD="POST")
    call.all()
    assert call.status.startswith("411 ")


def test_a_truncated_body_starts_no_program(programs: Path) -> None:
    mark = uuid.uuid4().hex
    body: dict[str, Any] = {"CONTENT_LENGTH": "9", "wsgi.input": io.BytesIO(b"part")}
    call = Call(programs, "/is_silent.sh", mark, REQUEST_METHOD="POST", **body)
    call.all()
    assert call.status.startswith("503 ")
    assert not processes(mark)


def test_no_more_than_the_content_length_is_read(programs: Path) -> None:
    source = io.BytesIO(b"body, and the next request")
    call = Call(programs, "/echo.py", REQUEST_METHOD="POST", CONTENT_LENGTH="4", **{"wsgi.input": source})
    assert call.all() == b"body"
    assert source.read() == b", and the next request"


def test_close_terminates_a_program_whose_response_is_incomplete(programs: Path) -> None:
    mark = uuid.uuid4().hex
    blocks = Call(programs, "/writes_for_ever.sh", mark)()
    next(iter(blocks))
    blocks.close()
    assert_gone(mark, os.getpid())


def test_close_before_the_body_is_read_terminates_the_program(programs: Path) -> None:
    mark = uuid.uuid4().hex
    Call(programs, "/is_silent_after_its_head.sh", mark)().close()
    assert_gone(mark, os.getpid())


def test_a_start_response_that_raises_terminates_the_program(programs: Path) -> None:
    mark = uuid.uuid4().hex
    call = Call(programs, "/is_silent_after_its_head.sh", mark)

    def start_response(*_: Any) -> Any:
        raise RuntimeError("no")

    call.start_response = start_response  # type: ignore[method-assign,assignment]
    with pytest.raises(RuntimeError, match="no"):
        call()
    assert_gone(mark, os.getpid())


def test_a_disconnect_is_detected_through_the_callable_of_waitress(programs: Path) -> None:
    mark, left = uuid.uuid4().hex, threading.Event()
    call = Call(programs, "/is_silent.sh", mark, **{"waitress.client_disconnected": left.is_set})
    thread = threading.Thread(target=call.all)
    thread.start()
    eventually(lambda: processes(mark), "the program runs")
    left.set()
    thread.join(2)
    assert not thread.is_alive()
    assert_gone(mark, os.getpid())


@pytest.mark.parametrize("reports", [True, False])
def test_a_response_whose_client_is_gone_ends_without_an_exception_under_waitress(
    programs: Path, reports: bool
) -> None:
    """Waitress logs any exception of an iterator with its traceback, and may not have noticed the disconnect itself."""
    client, served = socket.socketpair()
    environ: dict[str, Any] = {"waitress.client_disconnected": lambda: False} if reports else {}
    call = Call(programs, "/writes_now_and_then.sh", **{"gunicorn.socket": served, **environ})
    blocks = call()
    assert next(iter(blocks)) == b"tick\n"
    with served:
        client.close()
        if reports:
            assert b"".join(blocks).count(b"tick") < 10
        else:
            with pytest.raises(ClientDisconnected):
                b"".join(blocks)
    blocks.close()
    assert call.app.stats().disconnects == 1


def test_a_client_that_has_shut_down_its_sending_side_gets_a_quick_response(programs: Path) -> None:
    client, served = socket.socketpair()
    client.shutdown(socket.SHUT_WR)
    with client, served:
        assert Call(programs, "/hello.sh", **{"gunicorn.socket": served}).all() == b"hello\n"


def test_a_disconnect_while_stderr_is_busy_is_detected(programs: Path) -> None:
    mark, left = uuid.uuid4().hex, threading.Event()
    call = Call(programs, "/complains_for_ever.sh", mark, **{"waitress.client_disconnected": left.is_set})
    thread = threading.Thread(target=call.all)
    thread.start()
    eventually(lambda: processes(mark), "the program runs")
    left.set()
    thread.join(2)
    assert not thread.is_alive()


def test_a_failure_after_the_response_headers_is_raised_by_the_iterator(programs: Path) -> None:
    blocks = Call(programs, "/prints.py/kill/9", "X-A:%20b%0A%0Apart")()
    assert next(iter(blocks)) == b"part"
    with pytest.raises(ProgramFailed, match="signal 9"):
        next(iter(blocks))
    blocks.close()


def test_script_name_starts_with_that_of_the_server(programs: Path) -> None:
    assert b'"SCRIPT_NAME": "/app/report.py"' in Call(programs, "/report.py", SCRIPT_NAME="/app").all()


def test_the_authenticated_user_is_passed_on(programs: Path) -> None:
    assert b'"REMOTE_USER": "me"' in Call(programs, "/report.py", REMOTE_USER="me", AUTH_TYPE="Basic").all()


@pytest.mark.parametrize("length", ["five", "-1", "5, 6", "9" * 5000])
def test_an_invalid_length_is_a_400(programs: Path, length: str) -> None:
    """RFC 9110, 8.6. Safety: even a length with more digits than int() accepts."""
    call = Call(programs, "/echo.py", REQUEST_METHOD="POST", CONTENT_LENGTH=length)
    call.all()
    assert call.status.startswith("400 ")
