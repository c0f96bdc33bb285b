"""Serve a CGI folder in a thread of this process, e.g. for test suites that used CGIHTTPRequestHandler.

    from gateways.cgi.serving import cgi_server

    @pytest.fixture
    def site():
        with cgi_server("tests/www") as url:
            yield url

It knows uvicorn. It must not know a test framework.
"""

import os
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn

from gateways.cgi.files import PROGRAMS
from gateways.cgi.server import environment
from gateways.cgi.site import site
from gateways.serving.listen import bind, reachable
from gateways.serving.listen import url as url_of


@contextmanager
def cgi_server(
    folder: str | os.PathLike[str],
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    cgi_dirs: Iterable[str] = PROGRAMS,
    **options: Any,
) -> Iterator[str]:
    """Serve `folder` during the block, as `python -m http.server --cgi` did. Yield the URL, without a slash at its end.

    GET and HEAD return files. Programs are below `cgi_dirs`. They get the variables of the request. They also get some
    variables of this environment from CGIToASGI (PATH, the locale …). The folder of this Python is first in PATH. At
    the end of the block, running requests and programs are terminated.

    host, port: address to listen on; port 0 is any free port.
    cgi_dirs: paths below the folder whose executable files are programs, as `cgi_directories` of
        CGIHTTPRequestHandler. Default: /cgi-bin and /htbin.
    options: options of gateways.adapters.CGIToASGI, e.g. `env={"NAME": "value"}`, `inherit=["NAME"]`, `chdir="."`.

    Raises FileNotFoundError if the folder does not exist, and Failure if the server cannot listen. The stderr of
    programs goes to the logger "gateways.cgi".
    """
    app = site(folder, cgi_dirs=cgi_dirs, **{**options, "env": {**environment(), **(options.get("env") or {})}})
    config = uvicorn.Config(
        app, log_config=None, access_log=False, lifespan="on", ws="none", timeout_graceful_shutdown=0
    )
    server = uvicorn.Server(config)
    with bind(host, port) as sock:
        sock.listen(128)  # clients can connect now, and wait until the loop runs
        thread = threading.Thread(target=server.run, kwargs={"sockets": [sock]}, name="cgi-server", daemon=True)
        thread.start()
        try:
            yield url_of(*reachable(sock))
        finally:
            server.should_exit = True
            thread.join()
