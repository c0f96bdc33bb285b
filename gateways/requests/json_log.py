"""Find the request in a log line that is a JSON object. Caddy, Traefik, nginx, Envoy and others write such lines. Pure.

There is no common format. The request is found by the usual names of its fields.
"""

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

from gateways.requests.request import OF_THE_CONNECTION, TOKEN, Headers
from gateways.requests.server_log import Logged

LINES = ("request", "request_line", "requestline", "message", "msg")
METHODS = ("request_method", "requestmethod", "request.method", "http.request.method", "httprequest.requestmethod",
           "req.method", "method", "http_method", "verb")  # fmt: skip
TARGETS = ("request_uri", "requesturi", "requestpath", "request.uri", "request.url", "url.original", "req.url",
           "httprequest.requesturl", "x-envoy-original-path", "uri", "path", "url", "url.path", "target")  # fmt: skip
QUERIES = ("query_string", "querystring", "args", "url.query", "query")
STATUSES = ("downstreamstatus", "http.response.status_code", "httprequest.status", "res.statuscode", "response_code",
            "response.status", "status_code", "statuscode", "http_status", "status")  # fmt: skip
REFERERS = ("http_referer", "http_referrer", "request_referer", "httprequest.referer", "referer", "referrer")
AGENTS = ("http_user_agent", "request_user-agent", "user_agent.original", "httprequest.useragent", "user_agent",
          "useragent", "agent")  # fmt: skip
"""Names of fields in lower case, the most specific first. A dot separates the names of nested objects."""

_REQUEST_LINE = re.compile(r"(?P<method>[A-Z][A-Z-]*) (?P<target>\S+)(?: HTTP/\d(?:\.\d)?)?")
_ESCAPE = re.compile(r"\\(?:x([0-9A-Fa-f]{2})|.)")
"""An escape of JSON, or an octet as nginx logs it without escape=json. A log with such octets is not valid JSON."""

_HIDDEN = "REDACTED"
"""Value that Caddy logs for Cookie, Authorization and similar headers."""


def inner_of(entry: dict[str, Any] | None) -> str | None:
    """Return the line in the wrapper of a container (Docker's json-file), which is a JSON object; None without one."""
    inner = entry.get("log") if entry is not None and "stream" in entry else None
    return _octets(inner).rstrip("\r\n") if isinstance(inner, str) else None


def entry_of(line: str) -> dict[str, Any] | None:
    """Return the JSON object of a line; None if there is no object. A program may write a prefix before the object.

    line: latin-1, one character for each byte.
    """
    start = line.find("{")
    if start < 0 or not line.rstrip().endswith("}"):
        return None
    text = line[start:].encode("latin-1", "replace").decode("utf-8", "surrogateescape")
    try:
        entry = json.loads(_ESCAPE.sub(_as_json, text))
    except (ValueError, RecursionError):
        return None
    return entry if isinstance(entry, dict) else None


def _as_json(match: re.Match[str]) -> str:
    """Return the JSON escape for an octet, which _octets() turns back into the octet. Other escapes stay unchanged."""
    return match[0] if not match[1] else rf"\u{'00' if match[1] < '8' else 'dc'}{match[1]}"


def logged(entry: dict[str, Any]) -> Logged | None:
    """Return the request in an entry; None if it has no valid method, no target or no valid status."""
    fields = dict(_flat(entry))
    status = _first(fields, STATUSES)
    method, target = _first(fields, METHODS), _first(fields, TARGETS)
    if not (method and target):
        line = _REQUEST_LINE.fullmatch(_first(fields, LINES))
        method, target = (line["method"], line["target"]) if line else ("", "")
    if not TOKEN.fullmatch(method) or not target or not re.fullmatch("[1-5][0-9][0-9]", status):
        return None
    query = _first(fields, QUERIES)
    if query and "?" not in target:
        target = f"{target}?{query.removeprefix('?')}"
    headers = _headers(entry)
    return Logged(
        method,
        _octets(target),
        int(status),
        "" if _has(headers, "Referer") else _present(_first(fields, REFERERS)),
        "" if _has(headers, "User-Agent") else _present(_first(fields, AGENTS)),
        headers,
    )


def _flat(entry: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for name, value in entry.items():
        key = f"{prefix}{name}".lower()
        if isinstance(value, dict):
            yield from _flat(value, f"{key}.")
        elif isinstance(value, str | int) and not isinstance(value, bool):
            yield key, str(value)


def _first(fields: dict[str, str], names: Sequence[str]) -> str:
    return next((fields[name] for name in names if fields.get(name)), "")


def _headers(entry: dict[str, Any]) -> Headers:
    """Return the request headers, without those of the connection. Caddy logs all headers, except secrets."""
    request = entry.get("request")
    given = request.get("headers") if isinstance(request, dict) else None
    return tuple(
        (name, _octets(value))
        for name, values in (given.items() if isinstance(given, dict) else ())
        for value in (values if isinstance(values, list) else [values])
        if isinstance(value, str) and value != _HIDDEN and name.lower() not in OF_THE_CONNECTION
    )


def _has(headers: Headers, name: str) -> bool:
    return any(each.lower() == name.lower() for each, _ in headers)


def _present(text: str) -> str:
    return "" if text == "-" else _octets(text)


def _octets(text: str) -> str:
    return text.encode("utf-8", "surrogatepass" if re.search("[\ud800-\udbff]", text) else "surrogateescape").decode(
        "latin-1"
    )
