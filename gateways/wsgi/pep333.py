"""The reference app's hello and stream in the WSGI of 2003 (PEP 333). It runs on any current server.

It shows two features that few apps use today. start_response() returns write(), with which the app pushes blocks. PEP
3333 keeps write() only for old frameworks: today the server pulls the blocks. `exc_info` lets an error replace response
headers that are not sent yet.

One thing cannot be shown: in 2003 a str was bytes, and both headers and body were str. In Python 3, PEP 3333 keeps str
for the headers ("native strings", each character a byte) and requires bytes for the body.
"""

import sys
import time
from wsgiref.types import StartResponse as Start
from wsgiref.types import WSGIEnvironment as Environ

from gateways.wsgi.app import TEXT, BadRequest, Body, integer, one, query_of, seconds, whole


def hello(environ: Environ, start_response: Start) -> Body:
    name = one(query_of(environ), "name", "") or "world"
    body = f"Hello, {name}!\n".encode()
    start_response("200 OK", [("Content-Type", TEXT), ("Content-Length", str(len(body)))])
    return [body] if environ["REQUEST_METHOD"] == "GET" else []


def stream(environ: Environ, start_response: Start) -> Body:
    write = start_response("200 OK", [("Content-Type", TEXT)])  # the headers wait for the first block
    query = query_of(environ)
    chunks, delay = integer(query, "chunks", 5, 1, 1000), seconds(query, "delay", 0.5, 10)
    for number in range(1, chunks + 1 if environ["REQUEST_METHOD"] == "GET" else 1):
        time.sleep(delay if number > 1 else 0)
        write(f"chunk {number} of {chunks}\n".encode())  # returns when the server has accepted the block
    return []


def app(environ: Environ, start_response: Start) -> Body:
    """Find the route and call it."""
    route = {"/hello": hello, "/stream": stream}.get(environ.get("PATH_INFO", ""))
    if route is None:
        return whole(environ, start_response, "404 Not Found", TEXT, "This PEP 333 app has only /hello and /stream.\n")
    if environ["REQUEST_METHOD"] not in {"GET", "HEAD"}:
        allow = ("Allow", "GET, HEAD")
        return whole(environ, start_response, "405 Method Not Allowed", TEXT, "This route accepts GET, HEAD.\n", allow)
    try:
        return route(environ, start_response)
    except BadRequest as error:
        # A second start_response() needs exc_info. If the headers were already sent, the server raises the error here.
        start_response("400 Bad Request", [("Content-Type", TEXT)], sys.exc_info())
        return [f"{error}\n".encode()] if environ["REQUEST_METHOD"] == "GET" else []
