"""Convert HAR files (HTTP Archive 1.2), which browsers save, to requests. Pure.

A recording has requests to many hosts. Only the requests to one host are replayed, the host with the most requests.
"""

import base64
import binascii
import json
from collections import Counter
from collections.abc import Iterator
from typing import Any
from urllib.parse import SplitResult, urlencode, urlsplit

from gateways.failure import Failure
from gateways.requests.cookies import header_of
from gateways.requests.correlate import Response, correlated
from gateways.requests.not_json import reason
from gateways.requests.request import OF_THE_CONNECTION, Headers, Request, checked_header, checked_method, target_of
from gateways.requests.traffic import LeftOut, Traffic


class _Unfit(ValueError):
    """The entry cannot be replayed. The text is the reason."""


def read(text: str, origin: str) -> Traffic:
    """Return the requests in a HAR file.

    Raises: Failure: not JSON, not a HAR file, or an invalid entry; the text names the line or the entry.
    """
    entries = _entries(text, origin)
    urls = [_url(entry, f"{origin}, entry {number}") for number, entry in enumerate(entries, 1)]
    host = _host(urls)
    requests: list[Request] = []
    responses: list[Response] = []
    out: list[LeftOut] = []
    for number, (entry, url) in enumerate(zip(entries, urls, strict=True), 1):
        where = f"{origin}, entry {number}"
        try:
            requests.append(_request(entry, url, host, where))
            responses.append(_response(entry.get("response")))
        except _Unfit as why:
            out.append(LeftOut(where, f"{entry['request'].get('method', '?')} {url.geturl()[:100]}", str(why)))
        except ValueError as error:
            raise Failure(f"{where}: {error}") from error
    linked, notes = correlated(requests, responses)
    return Traffic(linked, left_out=tuple(out), notes=tuple(notes), host=host or None)


def _entries(text: str, origin: str) -> list[dict[str, Any]]:
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        raise Failure(f"{origin}, line {error.lineno}: not JSON ({reason(error)})") from None
    log = document.get("log") if isinstance(document, dict) else None
    entries = log.get("entries") if isinstance(log, dict) else None
    if not isinstance(entries, list):
        raise Failure(f"{origin}: not a HAR file: the list log.entries is missing")
    return entries


def _url(entry: Any, where: str) -> SplitResult:
    request = entry.get("request") if isinstance(entry, dict) else None
    if not isinstance(request, dict) or not isinstance(request.get("url"), str):
        raise Failure(f"{where}: request.url is missing")
    try:
        url = urlsplit(request["url"])
        _ = url.port  # raises if the port is not a number
    except ValueError as error:
        raise Failure(f"{where}: the URL {request['url']!r} is not valid: {error}") from None
    return url


def _host(urls: list[SplitResult]) -> str:
    """Return the host with the most requests. If several hosts share that number, return the first. Return
    "" if no request uses HTTP.
    """
    counts = Counter(_host_of(url) for url in urls if url.scheme in ("http", "https"))
    return counts.most_common(1)[0][0] if counts else ""


def _host_of(url: SplitResult) -> str:
    """Return the Host header for a URL. It is in lower case, without the default port (RFC 9110, 4.2.3)."""
    host = url.netloc.rpartition("@")[2].lower()
    return host.removesuffix({"http": ":80", "https": ":443"}.get(url.scheme, "")).removesuffix(":")


def _request(entry: dict[str, Any], url: SplitResult, host: str, where: str) -> Request:
    given = entry["request"]
    if url.scheme in ("ws", "wss") or "_webSocketMessages" in entry:
        raise _Unfit("a WebSocket is not replayed")
    if not url.scheme:
        raise _Unfit("its URL has no host")
    if url.scheme not in ("http", "https"):
        raise _Unfit(f"the browser handles {url.scheme}: URLs itself")
    if _host_of(url) != host:
        raise _Unfit(f"it is for a host other than {host}")
    method = checked_method(given.get("method"))
    if method == "CONNECT":
        raise _Unfit("a CONNECT opens a tunnel through a proxy")
    response = entry.get("response")
    status, error = (response.get("status"), response.get("_error")) if isinstance(response, dict) else (None, None)
    if isinstance(error, str) and error.startswith("net::ERR_BLOCKED_BY"):
        raise _Unfit("the browser blocked it, so no server received it")
    return Request(
        method=method,
        target=target_of((url.path or "/") + (f"?{url.query}" if url.query else "")),
        headers=_with_cookies(tuple(_headers(given.get("headers"))), given.get("cookies")),
        body=_body(given),
        recorded=status if isinstance(status, int) and status >= 100 else None,
        origin=where,
    )


def _response(given: Any) -> Response:
    """Return the parts of a recorded response from which later requests may take values."""
    given = given if isinstance(given, dict) else {}
    listed = given.get("headers")
    pairs = [(each.get("name"), each.get("value")) for each in (listed if isinstance(listed, list) else ())
             if isinstance(each, dict)]  # fmt: skip
    headers = tuple((name, value) for name, value in pairs if isinstance(name, str) and isinstance(value, str))
    content = given.get("content") or {}
    text = content.get("text") if isinstance(content, dict) else None
    if not isinstance(text, str):
        return Response(headers, "")
    if content.get("encoding") != "base64":
        return Response(headers, text)
    try:
        return Response(headers, base64.b64decode(text).decode("utf-8", "replace"))
    except binascii.Error:
        return Response(headers, "")


def _list(given: Any, name: str) -> list[Any]:
    """Return the list; an empty list if it is absent or empty. Raises ValueError for another type."""
    if not isinstance(given or [], list):
        raise ValueError(f"{name} is {given!r}; it must be a list")
    return given or []


def _headers(given: Any) -> Iterator[tuple[str, str]]:
    for each in _list(given, "request.headers"):
        if not isinstance(each, dict):
            raise ValueError(f"{each!r} in request.headers is not an object with a name and a value")
        name, value = each.get("name"), each.get("value")
        if isinstance(name, str) and (name.startswith(":") or name.lower() in OF_THE_CONNECTION):
            continue  # a header of HTTP/2, or of the recorded connection only
        if isinstance(value, str) and not value.isascii() and max(map(ord, value)) > 0xFF:
            value = value.encode("utf-8", "surrogatepass").decode("latin-1")  # a recorder decodes the octets as UTF-8
        yield checked_header(name, value)


def _with_cookies(headers: Headers, given: Any) -> Headers:
    """Return the headers. If the recording has no Cookie header but a list of cookies, add the header."""
    pairs = [(each.get("name"), each.get("value")) for each in _list(given, "request.cookies")
             if isinstance(each, dict)]  # fmt: skip
    cookies = {name: value for name, value in pairs if isinstance(name, str) and isinstance(value, str)}
    if not cookies or any(name.lower() == "cookie" for name, _ in headers):
        return headers
    return (*headers, checked_header("Cookie", header_of(cookies)))


def _body(given: dict[str, Any]) -> bytes | None:
    """Return the bytes of the body; None if the request has none.

    Raises: _Unfit: the recording does not contain the body. Browsers do not record every body. ValueError: the entry
    is invalid.
    """
    data, size = given.get("postData"), given.get("bodySize", -1)
    if not isinstance(data, dict):
        if (isinstance(size, int) and size > 0) or _announces_body(given):
            raise _Unfit("the recording does not contain its body")
        return None
    text, kind = data.get("text"), str(data.get("mimeType", ""))
    if isinstance(text, str) and text:
        return _octets(text, data, kind, size)
    params = _list(data.get("params"), "request.postData.params")
    if params and kind.startswith("application/x-www-form-urlencoded"):
        if not all(isinstance(each, dict) for each in params):
            raise ValueError(
                f"request.postData.params is {params!r}; each item must be an object with a name and a value"
            )
        return urlencode([(each.get("name", ""), each.get("value", "")) for each in params]).encode()
    # The body may be in a file beside the recording, for example.
    is_elsewhere = not isinstance(text, str) and kind and size != 0
    if params or is_elsewhere or (isinstance(size, int) and size > 0) or _announces_body(given):
        raise _Unfit("the recording does not contain its body")
    return b""


def _announces_body(given: dict[str, Any]) -> bool:
    """Return True if the headers announce a body (RFC 9112, 6.3). A recorder may omit uploads, and write the size 0."""
    for each in given.get("headers") or []:
        name, value = str(each["name"]).lower(), str(each["value"]).strip()
        if name == "transfer-encoding" or (name == "content-length" and value.isdecimal() and int(value) > 0):
            return True
    return False


def _octets(text: str, data: dict[str, Any], kind: str, size: Any) -> bytes:
    if data.get("encoding") == "base64":
        try:
            return base64.b64decode(text, validate=True)
        except binascii.Error as error:
            raise ValueError(f"request.postData.text is not base64: {error}") from None
    candidates = [text.encode("utf-8", "surrogatepass")]
    if all(ord(char) < 256 for char in text):
        candidates.append(text.encode("latin-1"))
    if not isinstance(size, int) or size <= 0:
        if kind.startswith("multipart/") and "filename=" in text:
            raise _Unfit("the recording does not contain the files of its body")
        return candidates[0]
    fitting = [each for each in candidates if len(each) == size]
    if not fitting:
        raise _Unfit(f"the recording has {len(candidates[0])} bytes of a body of {size}")
    return fitting[0]
