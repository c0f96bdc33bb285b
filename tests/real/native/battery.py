"""The requests to each app. They form conversations, each for one role of a path.

Knows the behaviour of clients: ranges, uploads, pipelining, half-closed connections, cuts. It must not know any app or
server. A conversation returns a list of facts in a fixed form, which can be compared between two servers.
"""

from __future__ import annotations

import gzip
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tests.real.native.wire import Answer, Heard, Line, chunks, request
from tests.real.serving import Running


@dataclass(frozen=True)
class App:
    """A row: an app, and the roles of its paths. A conversation needs one role; an app may lack roles.

    target: "module:attribute". interface: "wsgi" or "asgi". extra: further targets of GET.
    roles: page: any GET. file: a static file that may be conditional or ranged. form: POST of a=1&b=2 (urlencoded).
    upload: POST of any body. stream: GET whose blocks come some time apart. slow: GET that answers after about a
    second. echo: GET with ?word=…, which is in the answer. redirect: GET. session: GET that counts by a cookie.
    error: GET that raises before its response. cut: GET that raises within its body. background: GET ?path=FILE that
    writes the file a second after its response.
    """

    name: str
    interface: str
    target: str
    roles: Mapping[str, str]
    extra: tuple[str, ...] = ()

    @property
    def page(self) -> str:
        return self.roles["page"]


SLOW = 0.1
"""Minimum time between the first and the last octet of a streamed body, in seconds.

The apps take 0.3 seconds or longer; on a busy machine, the client reads the first octet late.
"""

Facts = list[Heard]
Ask = Callable[[Running, App, str], Facts]


@dataclass(frozen=True)
class Conversation:
    """A behaviour of clients, for a path with one role."""

    name: str
    role: str
    ask: Ask


CONVERSATIONS: list[Conversation] = []


def conversation(role: str) -> Callable[[Ask], Ask]:
    def register(ask: Ask) -> Ask:
        CONVERSATIONS.append(Conversation(ask.__name__, role, ask))
        return ask

    return register


def one(server: Running, method: str, target: str, *headers: str, body: bytes | None = None) -> Heard:
    """Send one request over a new connection."""
    with Line(server) as line:
        line.send(request(method, target, *headers, body=body))
        return line.hear(method)


def each(server: Running, target: str, *headers: str) -> Facts:
    """Send a GET for each header, over one connection each."""
    return [one(server, "GET", target, header) for header in headers]


def cookies(answer: Answer) -> str:
    """Return the Cookie header that a browser sends back."""
    pairs = [value.partition(";")[0] for name, value in answer.headers if name.lower() == "set-cookie"]
    return "Cookie: " + "; ".join(pairs)


@conversation("page")
def methods(server: Running, app: App, path: str) -> Facts:
    return [one(server, method, path) for method in ("GET", "HEAD", "OPTIONS", "DELETE", "PATCH")]


@conversation("page")
def other_targets(server: Running, app: App, path: str) -> Facts:
    targets = ["/no/such/page", "/%E2%82%AC/%2F/a%20b", f"{path}?a=%C3%A4&a=b&&c", f"{path}?", "/%FF", "//", "/../"]
    return [one(server, "GET", target) for target in [*targets, *app.extra]]


@conversation("page")
def odd_headers(server: Running, app: App, path: str) -> Facts:
    return each(
        server,
        path,
        "Accept-Encoding: gzip, br",
        "X-Latin: caf\xe9",
        "X-Twice: one\r\nX-Twice: two",
        "Cookie: a=1\r\nCookie: b=2",
        "Range: bytes=0-1",
        "If-Modified-Since: Thu, 01 Jan 2099 00:00:00 GMT",
        "Accept: application/json",
        "Origin: http://elsewhere.test",
        "X-Forwarded-Proto: https",
    )


@conversation("page")
def keep_alive(server: Running, app: App, path: str) -> Facts:
    heard = []
    with Line(server) as line:
        for method in ("GET", "HEAD", "GET"):
            line.send(request(method, path))
            heard.append(line.hear(method))
            if heard[-1].end != "open":
                break
    return heard


@conversation("page")
def http_1_0(server: Running, app: App, path: str) -> Facts:
    with Line(server) as line:
        line.send(request("GET", path, version="1.0"))
        return [line.hear("GET")]


@conversation("file")
def conditional(server: Running, app: App, path: str) -> Facts:
    first = one(server, "GET", path)
    answer = first.answers[0]
    tag, modified = answer.header("etag"), answer.header("last-modified")
    headers = [f"If-None-Match: {tag}"] if tag else []
    headers += [f"If-Modified-Since: {modified}"] if modified else []
    headers += ['If-None-Match: "other"', "If-Modified-Since: Thu, 01 Jan 1970 00:00:00 GMT"]
    headers += ['If-Match: "other"', 'If-Range: "other"\r\nRange: bytes=0-9']
    return [first, one(server, "HEAD", path), *each(server, path, *headers)]


@conversation("file")
def ranges(server: Running, app: App, path: str) -> Facts:
    wanted = ("0-9", "5-", "-10", "1-2,4-5", "0-0", "999999999-", "9-1", "x")
    heard = each(server, path, *(f"Range: bytes={each}" for each in wanted))
    return [*heard, one(server, "HEAD", path, "Range: bytes=0-9")]


@conversation("form")
def forms(server: Running, app: App, path: str) -> Facts:
    kind = "Content-Type: application/x-www-form-urlencoded"
    parts = [f"{len(b'a=1&b=2'):x}".encode() + b"\r\na=1&b=2\r\n0\r\n\r\n"]
    heard = [one(server, "POST", path, kind, body=body) for body in (b"a=1&b=2", b"", b"a=%E2%82%AC&b=+")]
    with Line(server) as line:
        line.send(request("POST", path, kind, "Transfer-Encoding: chunked"), *parts)
        heard.append(line.hear("POST"))
    with Line(server) as line:  # the body comes in pieces
        head = request("POST", path, kind, "Content-Length: 7")
        line.send(head, b"a=1", b"&b=2", pause=0.1)
        heard.append(line.hear("POST"))
    return heard


@conversation("upload")
def uploads(server: Running, app: App, path: str) -> Facts:
    kind = "Content-Type: application/octet-stream"
    large = bytes(range(256)) * 2000
    heard = [one(server, "POST", path, kind, body=body) for body in (b"", b"some octets", large)]
    heard.append(one(server, "POST", path, kind, "Content-Encoding: gzip", body=gzip.compress(large, mtime=0)))
    with Line(server) as line:
        line.send(request("POST", path, kind, "Transfer-Encoding: chunked"), *chunks(b"one", b"two", large))
        heard.append(line.hear("POST"))
    with Line(server) as line:
        line.send(request("POST", path, kind, "Expect: 100-continue", "Content-Length: 11"))
        line.send(b"some octets")
        heard.append(line.hear("POST"))
    return heard


@conversation("upload")
def multipart(server: Running, app: App, path: str) -> Facts:
    boundary = "----native"
    body = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="note"\r\n\r\na note\r\n'
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="a.bin"\r\n'
        "Content-Type: application/octet-stream\r\n\r\n"
    ).encode() + bytes(range(256)) * 300
    body += f"\r\n--{boundary}--\r\n".encode()
    kind = f"Content-Type: multipart/form-data; boundary={boundary}"
    heard = [one(server, "POST", path, kind, body=body)]
    with Line(server) as line:
        line.send(request("POST", path, kind, "Transfer-Encoding: chunked"), *chunks(body))
        heard.append(line.hear("POST"))
    return heard


@conversation("upload")
def a_client_that_leaves_within_its_upload(server: Running, app: App, path: str) -> Facts:
    with Line(server) as line:
        line.send(request("POST", path, "Content-Length: 100000"), b"only this")
        line.reset()
    return [one(server, "GET", app.page)]  # the server continues


@conversation("redirect")
def redirects(server: Running, app: App, path: str) -> Facts:
    return [one(server, method, path) for method in ("GET", "HEAD", "POST")]


@conversation("session")
def sessions(server: Running, app: App, path: str) -> Facts:
    heard = [one(server, "GET", path)]
    for _ in range(2):
        last = next((each.answers[0] for each in reversed(heard) if cookies(each.answers[0]) != "Cookie: "), None)
        heard.append(one(server, "GET", path, *([cookies(last)] if last else [])))
    return heard


@conversation("stream")
def streams(server: Running, app: App, path: str) -> Facts:
    """Check that the blocks of a stream arrive over time. Other conversations ignore time: on a busy machine, the
    blocks of any body may arrive far apart.
    """
    heard = [one(server, "GET", path), one(server, "GET", path, "Accept-Encoding: gzip")]
    for answer in (answer for each in heard for answer in each.answers):
        answer.streamed = answer.seconds > SLOW
    return heard


@conversation("stream")
def a_client_that_leaves_within_a_stream(server: Running, app: App, path: str) -> Facts:
    with Line(server) as line:
        line.send(request("GET", path))
        next(line.octets(), None)
        line.reset()
    return [one(server, "GET", app.page)]


@conversation("slow")
def a_half_closed_client(server: Running, app: App, path: str) -> Facts:
    heard = []
    for version in ("1.0", "1.1"):
        with Line(server) as line:
            line.send(request("GET", path, "Connection: close", version=version))
            line.half_close()
            heard.append(line.hear("GET"))
    return heard


@conversation("echo")
def pipelined(server: Running, app: App, path: str) -> Facts:
    with Line(server) as line:
        line.send(b"".join(request("GET", f"{path}?word={word}") for word in ("a", "b", "c")))
        return [line.hear("GET", "GET", "GET")]


@conversation("echo")
def eight_at_once_with_their_own_data(server: Running, app: App, path: str) -> Facts:
    heard: dict[int, Heard] = {}

    def ask(number: int) -> None:
        heard[number] = one(server, "GET", f"{path}?word=client-{number}")

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for number, each in heard.items():
        assert re.search(rb"client-%d\b" % number, each.answers[0].body), (number, each)
    return [heard[number] for number in range(8)]


@conversation("error")
def errors(server: Running, app: App, path: str) -> Facts:
    return [one(server, method, path) for method in ("GET", "HEAD")] + [one(server, "GET", app.page)]


@conversation("cut")
def errors_within_the_body(server: Running, app: App, path: str) -> Facts:
    return [one(server, "GET", path), one(server, "GET", app.page)]
