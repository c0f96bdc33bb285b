"""Request bodies, read by the request classes of the frameworks, which detect the end in different ways."""

from __future__ import annotations

import subprocess
from functools import cache

import pytest

from tests.adapters.wsgi_to_asgi.scripts import run_script

READERS = {
    "django": """
import django.conf, django.core.handlers.wsgi
django.conf.settings.configure(DATA_UPLOAD_MAX_MEMORY_SIZE=None)
read = lambda environ: django.core.handlers.wsgi.WSGIRequest(environ).body
""",
    "webob": """
import webob
read = lambda environ: webob.Request(environ).body
""",
    "werkzeug": """
import werkzeug.wrappers
read = lambda environ: werkzeug.wrappers.Request(environ).get_data()
""",
    "bottle": """
import bottle
bottle.BaseRequest.MEMFILE_MAX = 2**30
read = lambda environ: bottle.LocalRequest(environ).body.read()
""",
    "falcon": """
import falcon
read = lambda environ: falcon.Request(environ).bounded_stream.read()
""",
}


READ = """
import hashlib, traceback

def app(environ, start_response):
    digest = hashlib.sha256(read(environ)).hexdigest().encode()
    start_response("200 OK", [])
    return [digest]

adapter = adapt(app)
for kind in sys.argv[1:]:
    for size in 1000, 300_000, 3_000_000:
        body = os.urandom(size)
        headers = {
            "chunked": [(b"transfer-encoding", b"chunked")], "length": [(b"content-length", b"%d" % size)], "http2": [],
            "unannounced": [],
        }[kind]
        headers.append((b"content-type", b"application/octet-stream"))
        version = {"http2": "2"}.get(kind, "1.1")
        try:
            answer = asyncio.run(call(adapter, body=body, headers=headers, version=version))
        except Exception:
            traceback.print_exc()
            continue
        print(kind, size, answer == hashlib.sha256(body).hexdigest().encode())
"""
KINDS = ("chunked", "length", "http2", "unannounced")


@cache
def read_by(framework: str) -> subprocess.CompletedProcess[str]:
    """Let a framework read all kinds of bodies, in one process: its imports take most of the time."""
    return run_script(READERS[framework] + READ, *KINDS)


@pytest.mark.parametrize("framework", READERS)
@pytest.mark.parametrize("kind", KINDS)
def test_every_framework_reads_the_complete_body(framework: str, kind: str) -> None:
    """Ours: a body without Content-Length reaches Django, WebOb, Flask and the others completely, whether small or
    large.
    """
    pytest.importorskip(framework)
    result = read_by(framework)
    read = [line.removeprefix(f"{kind} ") for line in result.stdout.splitlines() if line.startswith(f"{kind} ")]
    assert read == ["1000 True", "300000 True", "3000000 True"], result.stderr
