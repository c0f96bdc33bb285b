"""The responses of the reference app, in all three forms: literal requests and literal responses. Knows no
interface.
"""

from dataclasses import dataclass, replace

TEXT = "text/plain; charset=utf-8"
JSON = "application/json"


@dataclass(frozen=True)
class Request:
    """A request; `target` is the target of the request line, as octets."""

    target: bytes
    method: str = "GET"
    body: bytes | None = None

    def __str__(self) -> str:
        return f"{self.method} {self.target[:60].decode('latin-1')}"


@dataclass(frozen=True)
class Response:
    """A response; the header names are in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    def __str__(self) -> str:
        return str(self.status)


def whole(status: int, kind: str, body: str, **headers: str) -> Response:
    data = body.encode()
    return Response(status, {"content-type": kind, "content-length": str(len(data)), **headers}, data)


def streamed(kind: str, body: str) -> Response:
    return Response(200, {"content-type": kind}, body.encode())


def post(target: bytes, body: bytes) -> Request:
    return Request(target, "POST", body)


INDEX = """\
/                               GET, HEAD        this list
/hello?name=                    GET, HEAD        a greeting, with a query parameter
/json?any=thing                 GET, HEAD        the query, as JSON
/two-chunks                     GET, HEAD        a response in two blocks
/stream?chunks=&delay=          GET, HEAD        a response sent block by block
/echo                           POST             the body, sent back as it arrives
/upload                         POST             the body's length and SHA-256
/content-length                 GET, HEAD, POST  the Content-Length of request and response
/sleep?seconds=                 GET, HEAD        a wait
/cpu?rounds=                    GET, HEAD        work: rounds of SHA-256
/events?count=&delay=           GET, HEAD        server-sent events
/inside                         GET, HEAD        the input of the app, as JSON
/background?seconds=            GET, HEAD, POST  POST: respond now, work later; GET: finished jobs
/file                           GET, HEAD        the source of this app
/ws                             GET, HEAD        a WebSocket that echoes
"""
HELLO_SHA256 = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
EMPTY_SHA256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
SHA256_OF_SHA256_OF_NOTHING = "5df6e0e2761359d30a8275058e299fcc0381534545f55cf43e41983f5d4c9456"

GOOD = [
    (Request(b"/"), whole(200, TEXT, INDEX)),
    (Request(b"/hello"), whole(200, TEXT, "Hello, world!\n")),
    (Request(b"/hello?name="), whole(200, TEXT, "Hello, world!\n")),
    (Request(b"/hello?name=Ada"), whole(200, TEXT, "Hello, Ada!\n")),
    (Request(b"/hello?other=x&&name=Ada&"), whole(200, TEXT, "Hello, Ada!\n")),
    (Request(b"/hello?name=Ada+%26+Alan%2BGrace"), whole(200, TEXT, "Hello, Ada & Alan+Grace!\n")),
    (Request(b"/hello?name=J%C3%BCrgen"), whole(200, TEXT, "Hello, Jürgen!\n")),
    (Request(b"/hello?n%61me=%E2%82%AC%F0%9F%90%8D"), whole(200, TEXT, "Hello, €🐍!\n")),
    (Request(b"/hello?name=a%ffb"), whole(200, TEXT, "Hello, a\N{REPLACEMENT CHARACTER}b!\n")),
    (Request(b"/hello?name=a%00b"), whole(200, TEXT, "Hello, a\0b!\n")),
    (Request(b"/hello?name=100%"), whole(200, TEXT, "Hello, 100%!\n")),
    (Request(b"/hello?name=a=b?c"), whole(200, TEXT, "Hello, a=b?c!\n")),
    (Request(b"/json"), whole(200, JSON, '{"query": {}}\n')),
    (Request(b"/json?a=1&b&a=%22&=x"), whole(200, JSON, '{"query": {"a": ["1", "\\""], "b": [""], "": ["x"]}}\n')),
    (Request(b"/json?%C3%A9=%ff"), whole(200, JSON, '{"query": {"\\u00e9": ["\\ufffd"]}}\n')),
    (Request(b"/two-chunks"), streamed(TEXT, "the first chunk\nthe second chunk\n")),
    (Request(b"/stream?chunks=1&delay=10"), streamed(TEXT, "chunk 1 of 1\n")),
    (Request(b"/stream?chunks=3&delay=.01"), streamed(TEXT, "chunk 1 of 3\nchunk 2 of 3\nchunk 3 of 3\n")),
    (post(b"/echo", b"hello"), streamed("application/octet-stream", "hello")),
    (post(b"/echo", b""), streamed("application/octet-stream", "")),
    (post(b"/upload", b"hello"), whole(200, JSON, f'{{"length": 5, "sha256": "{HELLO_SHA256}"}}\n')),
    (post(b"/upload", b""), whole(200, JSON, f'{{"length": 0, "sha256": "{EMPTY_SHA256}"}}\n')),
    (
        Request(b"/content-length"),
        whole(200, TEXT, "Content-Length received: none\nbytes read: 0\nContent-Length sent: 68\n"),
    ),
    (
        post(b"/content-length", b"hello"),
        whole(200, TEXT, "Content-Length received: 5\nbytes read: 5\nContent-Length sent: 65\n"),
    ),
    (Request(b"/sleep?seconds=0"), whole(200, TEXT, "slept 0 s\n")),
    (Request(b"/sleep?seconds=0.02"), whole(200, TEXT, "slept 0.02 s\n")),
    (Request(b"/cpu?rounds=1"), whole(200, TEXT, f"1 rounds of SHA-256: {EMPTY_SHA256}\n")),
    (Request(b"/cpu?rounds=2"), whole(200, TEXT, f"2 rounds of SHA-256: {SHA256_OF_SHA256_OF_NOTHING}\n")),
    (
        Request(b"/events?count=2&delay=0"),
        streamed("text/event-stream", "data: event 1 of 2\n\ndata: event 2 of 2\n\n"),
    ),
]

MISSING = whole(404, TEXT, "There is no such route; / lists all routes.\n")


def refused(body: str) -> Response:
    return whole(400, TEXT, body)


def not_allowed(methods: str) -> Response:
    return whole(405, TEXT, f"This route accepts {methods}.\n", allow=methods)


CHUNKS = "expected one whole number from 1 to 1000, such as chunks=5\n"
DELAY = "expected one number of seconds from 0 to 10, such as delay=0.5\n"
SECONDS = "expected one number of seconds from 0 to 30, such as seconds=1.0\n"
ROUNDS = "expected one whole number from 1 to 1000000, such as rounds=10000\n"
COUNT = "expected one whole number from 1 to 1000, such as count=5\n"
BAD = [
    (Request(b"/stream?chunks=-1"), refused(f"chunks: got '-1'; {CHUNKS}")),
    (Request(b"/stream?chunks=0"), refused(f"chunks: got '0'; {CHUNKS}")),
    (Request(b"/stream?chunks=1001"), refused(f"chunks: got '1001'; {CHUNKS}")),
    (Request(b"/stream?chunks="), refused(f"chunks: got ''; {CHUNKS}")),
    (Request(b"/stream?chunks=+5"), refused(f"chunks: got ' 5'; {CHUNKS}")),
    (Request(b"/stream?chunks=1_0"), refused(f"chunks: got '1_0'; {CHUNKS}")),
    (Request(b"/stream?chunks=1.0"), refused(f"chunks: got '1.0'; {CHUNKS}")),
    (Request(b"/stream?chunks=%D9%A3"), refused(f"chunks: got '\N{ARABIC-INDIC DIGIT THREE}'; {CHUNKS}")),
    (Request(b"/stream?chunks=%00"), refused(f"chunks: got '\\x00'; {CHUNKS}")),
    (Request(b"/stream?chunks=1&chunks=2"), refused(f"chunks: got '1' and '2'; {CHUNKS}")),
    (Request(b"/stream?chunks=" + b"9" * 5000), refused(f"chunks: got '{'9' * 5000}'; {CHUNKS}")),
    (Request(b"/stream?delay=11"), refused(f"delay: got '11'; {DELAY}")),
    (Request(b"/stream?delay=-0.1"), refused(f"delay: got '-0.1'; {DELAY}")),
    (Request(b"/sleep?seconds=x"), refused(f"seconds: got 'x'; {SECONDS}")),
    (Request(b"/sleep?seconds=."), refused(f"seconds: got '.'; {SECONDS}")),
    (Request(b"/sleep?seconds=nan"), refused(f"seconds: got 'nan'; {SECONDS}")),
    (Request(b"/sleep?seconds=inf"), refused(f"seconds: got 'inf'; {SECONDS}")),
    (Request(b"/sleep?seconds=1e999"), refused(f"seconds: got '1e999'; {SECONDS}")),
    (Request(b"/sleep?seconds=30.1"), refused(f"seconds: got '30.1'; {SECONDS}")),
    (Request(b"/sleep?seconds=" + b"9" * 500), refused(f"seconds: got '{'9' * 500}'; {SECONDS}")),
    (Request(b"/cpu?rounds=999999999"), refused(f"rounds: got '999999999'; {ROUNDS}")),
    (Request(b"/cpu?rounds=0"), refused(f"rounds: got '0'; {ROUNDS}")),
    (Request(b"/events?count=0"), refused(f"count: got '0'; {COUNT}")),
    (Request(b"/events?delay=1&delay=1"), refused(f"delay: got '1' and '1'; {DELAY}")),
    (Request(b"/hello?name=a&name=b"), refused("name: got 'a' and 'b'; expected a single value\n")),
    (
        post(b"/background?seconds=11", b""),
        refused("seconds: got '11'; expected one number of seconds from 0 to 10, such as seconds=1.0\n"),
    ),
    (Request(b"/nope"), MISSING),
    (Request(b"/hello/"), MISSING),
    (Request(b"/HELLO"), MISSING),
    (Request(b"/%ff"), MISSING),
    (Request(b"/h%C3%A9llo"), MISSING),
    (post(b"/nope", b"x"), MISSING),
    (Request(b"/echo"), not_allowed("POST")),
    (Request(b"/upload"), not_allowed("POST")),
    (post(b"/hello", b"x"), not_allowed("GET, HEAD")),
    (Request(b"/file", "DELETE"), not_allowed("GET, HEAD")),
    (Request(b"/background", "PUT", b""), not_allowed("GET, HEAD, POST")),
    (post(b"/ws", b""), not_allowed("GET, HEAD")),
]
ODD = [
    (Request(b"//hello"), MISSING),
    (Request(b"/hello?name=\xc3\xa9\xff"), whole(200, TEXT, "Hello, é\N{REPLACEMENT CHARACTER}!\n")),
    (Request(b"/json?\xff=\xe9"), whole(200, JSON, '{"query": {"\\ufffd": ["\\ufffd"]}}\n')),
]
"""Targets that a client should not send: some servers correct them, some refuse them, some pass them on."""


def as_head(request: Request, response: Response) -> tuple[Request, Response]:
    """Return the case for HEAD: the same headers, and no body (RFC 9110, 9.3.2)."""
    return replace(request, method="HEAD"), replace(response, body=b"")


SAFE = [as_head(request, response) for request, response in GOOD + BAD if request.method == "GET"]
CASES = GOOD + BAD + SAFE + ODD
