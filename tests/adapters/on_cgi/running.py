"""Run an application of these tests as a CGI program, like a web server: its environment, pipes and exit.

Knows processes and the format of a CGI response. It must not know the applications.
"""

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from gateways.adapters.run_cgi.output import CGIHead, HeadParser
from tests.real.serving import ROOT

SIDES = {"wsgi": "WSGIToCGI", "asgi": "ASGIToCGI"}
REQUEST = {
    "GATEWAY_INTERFACE": "CGI/1.1",
    "REQUEST_METHOD": "GET",
    "SCRIPT_NAME": "/app.cgi",
    "PATH_INFO": "/x",
    "QUERY_STRING": "",
    "SERVER_NAME": "test",
    "SERVER_PORT": "80",
    "SERVER_PROTOCOL": "HTTP/1.1",
    "REMOTE_ADDR": "127.0.0.1",
}
PATIENCE = 15.0
"""Time limit of waits, in seconds."""


@dataclass
class Result:
    """The result of a program: its stdout, its stderr and its exit status."""

    output: bytes
    stderr: str
    status: int

    @property
    def head(self) -> CGIHead:
        """The response headers; AssertionError if there are none."""
        return self._parsed[0]

    @property
    def body(self) -> bytes:
        """The body."""
        return self._parsed[1]

    @property
    def _parsed(self) -> tuple[CGIHead, bytes]:
        parsed = HeadParser().feed(self.output)
        assert parsed is not None, (self.output, self.stderr)
        return parsed

    def values(self, name: bytes) -> list[bytes]:
        """The values of a header, in order."""
        return [value for key, value in self.head.headers if key.lower() == name]


class Program:
    """A running program. Its stdin and stdout are pipes, unless others are given."""

    def __init__(
        self,
        side: str,
        app: str,
        environ: Mapping[str, str],
        streams: Mapping[str, Any],
        options: str = "",
        before: str = "",
    ) -> None:
        source = (
            f"from gateways.adapters import {SIDES[side]} as ToCGI\n"
            f"from tests.adapters.{side}_to_cgi.apps import {app} as app\n"
            f"{before}\nToCGI(app{options}).run()"
        )
        self.process = subprocess.Popen(
            [sys.executable, "-c", source],
            cwd=ROOT,
            env={**_own(), **REQUEST, **environ},
            **{"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **streams},
        )

    @property
    def stdin(self) -> IO[bytes]:
        """The pipe for the request body."""
        assert self.process.stdin is not None
        return self.process.stdin

    @property
    def stdout(self) -> IO[bytes]:
        """The pipe with the response."""
        assert self.process.stdout is not None
        return self.process.stdout

    def read_until(self, end: bytes) -> bytes:
        """Read up to and including `end`; AssertionError if the output ends before."""
        read = b""
        while not read.endswith(end):
            octet = os.read(self.stdout.fileno(), 1)
            assert octet, f"the output ended after {read!r}"
            read += octet
        return read

    def result(self, read: bytes = b"") -> Result:
        """Wait for the exit; `read` is the output that was read before."""
        output, stderr = self.process.communicate(timeout=PATIENCE)
        return Result(read + (output or b""), (stderr or b"").decode(), self.process.returncode)


def _own() -> dict[str, str]:
    """Return the few variables that a program gets from its server. PYTHONUNBUFFERED is not among them."""
    return {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR", "LANG") if name in os.environ}


class Runner:
    """Runs the applications of one side."""

    def __init__(self, side: str, tmp_path: Path) -> None:
        self.side = side
        self.record = tmp_path / "record"
        self.signal = tmp_path / "signal"
        self.record.touch()

    @contextlib.contextmanager
    def start(
        self, app: str, *, options: str = "", before: str = "", streams: Mapping[str, Any] | None = None, **environ: Any
    ) -> Iterator[Program]:
        """Run `app` during the block. `options` are those of the adapter; `before` is code that the program runs
        first.
        """
        environ = {"RECORD": str(self.record), "SIGNAL": str(self.signal), **environ}
        program = Program(self.side, app, environ, streams or {}, options, before)
        with program.process:
            try:
                yield program
            finally:
                program.process.kill()

    def __call__(self, app: str, body: bytes = b"", **details: Any) -> Result:
        """Run `app` to its end. The body's length is sent unless `details` override it."""
        if body:
            details = {"REQUEST_METHOD": "POST", "CONTENT_LENGTH": str(len(body)), **details}
        with self.start(app, **details) as program:
            if program.process.stdin is not None:
                with contextlib.suppress(BrokenPipeError):  # an application need not read all of it
                    program.stdin.write(body)
                    program.stdin.flush()
            return program.result()

    def recorded(self) -> list[str]:
        """Return the entries that the application has recorded."""
        return self.record.read_text().split()


def respond(source: str, body: bytes = b"", **environ: str) -> Result:
    """Run another program."""
    done = subprocess.run(
        [sys.executable, "-c", source],
        cwd=ROOT,
        env={**_own(), **REQUEST, **environ},
        input=body,
        capture_output=True,
        timeout=PATIENCE,
        check=False,
    )
    return Result(done.stdout, done.stderr.decode(), done.returncode)
