"""WSGIToCGI conforms to PEP 3333, and imports little."""

import json
import signal
import subprocess
import sys

import pytest

from gateways.adapters import WSGIToCGI
from tests.adapters.on_cgi.running import Runner, respond
from tests.adapters.wsgi_to_cgi import apps
from tests.real.serving import ROOT


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
def test_it_passes_wsgirefs_validator(run: Runner, method: str) -> None:
    result = run("validates", b"abc", REQUEST_METHOD=method)
    assert (result.status, result.stderr, result.body) == (0, "", b"" if method == "HEAD" else b"x")


def test_the_environ_describes_how_the_application_is_run(run: Runner) -> None:
    assert json.loads(run("tells_of_wsgi", b"abc").body) == {
        "run_once": True,
        "multithread": False,
        "multiprocess": True,
        "version": [1, 0],
        "input_terminated": True,
        "length": "3",
        "coding": None,
        "type": "dict",
    }


@pytest.mark.parametrize("size", [0, 10, 3_000_000], ids=str)
def test_a_chunked_body_gets_a_length(run: Runner, size: int) -> None:
    """Without a length, Django and Falcon see no body; with the header Transfer-Encoding, Bottle would decode it
    again.
    """
    with run.start("tells_of_wsgi", REQUEST_METHOD="POST", HTTP_TRANSFER_ENCODING="chunked") as program:
        output = program.process.communicate(b"x" * size, timeout=15)[0]
    seen = json.loads(output.partition(b"\r\n\r\n")[2])
    assert (seen["length"], seen["coding"]) == (str(size), None)


TELLS_MODULES = """
import sys
before = set(sys.modules)  # of this machine's own
from gateways.adapters import WSGIToCGI

def app(environ, start_response):
    environ["wsgi.input"].read()
    start_response("200 OK", [("Content-Type", "text/plain")])
    return ["\\n".join(set(sys.modules) - before).encode()]

WSGIToCGI(app).run()
"""


@pytest.mark.parametrize("request_", [{}, {"REQUEST_URI": "/app.cgi/x"}, {"CONTENT_LENGTH": "2"}], ids=str)
def test_a_request_imports_no_event_loop_and_few_other_modules(request_: dict[str, str]) -> None:
    modules = set(respond(TELLS_MODULES, b"xy", **request_).body.decode().split())
    assert "gateways.adapters.wsgi_to_cgi" in modules
    heavy = {"asyncio", "concurrent.futures", "socket", "ssl", "selectors", "subprocess", "inspect", "tempfile"}
    heavy |= {"typing", "re", "logging", "traceback", "threading", "http", "importlib", "urllib.parse"}
    heavy |= {"signal", "enum", "collections", "collections.abc", "functools"}
    assert modules.isdisjoint(
        heavy
        | {
            "gateways.adapters.concurrency.channels",
            "gateways.adapters.run_asgi.exchange",
            "gateways.adapters.wsgi_types",
        }
    )


def test_file_wrapper_sends_a_file(run: Runner) -> None:
    with open(apps.__file__, "rb") as file:
        assert run("sends_a_file").body == file.read()


def test_write_and_the_iterable_form_one_body(run: Runner) -> None:
    assert run("uses_write").body == b"written, written, returned"
    result = run("uses_write", REQUEST_METHOD="HEAD")
    assert (result.body, result.stderr, result.status) == (b"", "", 0)


def test_exc_info_replaces_response_headers_and_the_reason_phrase_is_the_applications(run: Runner) -> None:
    result = run("changes_its_mind")
    assert (result.head.status, result.head.reason) == (503, "My Own Words")
    assert result.values(b"retry-after") == [b"1"]
    assert not result.values(b"content-type")


def test_data_beyond_the_content_length_is_cut_off_and_logged(run: Runner) -> None:
    result = run("answers_too_much")
    assert (result.body, result.status) == (b"12345", 0)
    assert "more than its Content-Length" in result.stderr


def test_an_application_that_suppresses_sigterm_ends_at_its_next_block(run: Runner) -> None:
    with run.start("swallows_everything") as program:
        program.read_until(b"more\n")
        program.process.send_signal(signal.SIGTERM)
        assert program.result().status == 128 + signal.SIGTERM


def test_an_invalid_application_or_mount_is_refused_by_the_constructor() -> None:
    with pytest.raises(TypeError, match="is not callable"):
        WSGIToCGI("app")
    for name in ("shop", "/shop/", "/"):
        with pytest.raises(ValueError, match="script_name="):
            WSGIToCGI(apps.hello, script_name=name)


def test_the_constructor_does_not_take_over_stdin_and_stdout() -> None:
    program = "import sys; from gateways.adapters import WSGIToCGI; WSGIToCGI(print); print('still here')"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, timeout=15, check=True)
    assert done.stdout == b"still here\n"
