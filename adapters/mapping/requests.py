"""ASGI scope <-> meta-variables (RFC 3875, section 4.1; PEP 3333, "environ Variables"): the only mapping of requests.

Pure: knows names and encodings. It must not know how an application is run, and it must not use a socket, a thread, a
loop or a clock. Strings in an environ are "bytes as latin-1" (PEP 3333, "Unicode Issues"): each character stands for
one byte.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import quote, unquote_to_bytes

from ..asgi_types import Scope
from .lengths import MAX_DIGITS, content_length

Environ = dict[str, Any]

PORTS = {"http": "80", "https": "443", "ws": "80", "wss": "443"}
_PROTOCOLS = {"1.1": "HTTP/1.1", "1.0": "HTTP/1.0", "1": "HTTP/1.0", "2": "HTTP/2", "3": "HTTP/3"}  # granian: "1"
_VERSIONS = {"HTTP/1.1": "1.1", "HTTP/1.0": "1.0", "HTTP/2": "2", "HTTP/2.0": "2", "HTTP/3": "3", "HTTP/3.0": "3"}
_PLAIN_PATH = re.compile(rb"[/0-9A-Za-z\-._~]+").fullmatch  # paths that quoting does not change
_SLASH = re.compile(rb"%2[Ff]").split
PATH_SAFE = "/:@!$&'()*+,;=-._~"  # RFC 3986, 3.3: characters that a path may contain unquoted
_DIGITS = re.compile(rf"[0-9]{{1,{MAX_DIGITS}}}", re.ASCII).fullmatch
_HOST = re.compile(r"(\[[0-9A-Fa-f:.%]+\]|[^\s:/?#@\[\]]+)(?::([0-9]*))?").fullmatch

# The header Proxy would become HTTP_PROXY, from which HTTP clients in the app take their proxy ("httpoxy").
# Transfer-Encoding is also dropped: the body is already decoded (RFC 3875, 4.2), and Bottle and others would decode it
# again.
_DROPPED = {b"proxy"}
CODED = "transfer-encoding"  # temporary key of the environ; only a caller that passes `coded` gets it
_KEYS: dict[bytes, str] = {}  # header name as received -> meta-variable, "" if it is dropped
_EMPTY: Environ = {}
_NAMES: dict[str, bytes] = {}  # meta-variable -> header name, b"" if it is not a header
_CACHE_ENTRIES, _CACHE_NAME = 1024, 64  # limits for both caches, because clients choose the header names


def _key(name: bytes) -> str:
    """Return the meta-variable of a header name (RFC 3875, 4.1.18).

    Returns CODED for Transfer-Encoding, and "" for names that must be dropped.
    """
    lower = name.lower()
    if lower in (b"content-type", b"content-length"):
        key = lower.decode().replace("-", "_").upper()
    elif lower == b"transfer-encoding":
        key = CODED
    elif b"_" in lower or lower in _DROPPED or not lower.strip():
        key = ""  # X_Forwarded_For and X-Forwarded-For would become the same variable
    else:
        # upper() is called on bytes, because str.upper() converts "ß" to "SS".
        key = "HTTP_" + lower.replace(b"-", b"_").upper().decode("latin-1")
    _remember(_KEYS, name, key)
    return key


def _remember(cache: dict[Any, Any], name: bytes | str, value: object) -> None:
    if len(name) <= _CACHE_NAME:
        if len(cache) >= _CACHE_ENTRIES:
            cache.clear()
        cache[name] = value


def _combined(key: str, first: str, second: str, comma: str) -> str:
    """Return one value for a repeated header (RFC 9110, 5.3).

    Content-Length is checked as a list (RFC 9110, 8.6). Cookies are joined with a semicolon (RFC 6265, 4.2.1).
    """
    if key == "CONTENT_LENGTH":
        return f"{first},{second}"  # content_length() checks this list
    return f"{first}; {second}" if key == "HTTP_COOKIE" else f"{first}{comma}{second}"


def octets(text: str) -> bytes:
    """Return the bytes that an environ string stands for. Never raises: text beyond latin-1 is encoded as UTF-8."""
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogateescape" if not _lone(text) else "surrogatepass")


def _lone(text: str) -> bool:
    """Return True if the text has surrogates that do not stand for a byte."""
    return any("\ud800" <= char < "\udc80" or "\udcff" < char <= "\udfff" for char in text)


def _native(text: str) -> str:
    """Return a scope's decoded text as PEP 3333 encodes it: its UTF-8 bytes as latin-1."""
    if text.isascii():
        return text
    return text.encode("utf-8", "surrogatepass" if _lone(text) else "surrogateescape").decode("latin-1")


def _path(scope: Mapping[str, Any], root: str) -> tuple[str, str]:
    """Return the decoded path, and the path of the request target. Both are environ strings."""
    path: str = scope.get("path") or ""
    raw: bytes | None = scope.get("raw_path")
    if path[:1] != "/" and "://" in path:  # absolute-form (RFC 9112, 3.2.2): some servers do not remove the host
        path = "/" + path.partition("://")[2].partition("/")[2]
        raw = raw and b"/" + raw.partition(b"://")[2].partition(b"/")[2]
    native = _native(path)
    if not raw:
        return native, quote(native.encode("latin-1"), safe=PATH_SAFE)
    raw = raw.partition(b"?")[0]
    if not path.isascii():
        # `path` may have replacement characters for invalid UTF-8. Use raw_path's bytes if they decode to `path`.
        sent = unquote_to_bytes(raw)
        for prefix in (b"", octets(root)):
            if (prefix + sent).decode("utf-8", "replace") == path:
                native = (prefix + sent).decode("latin-1")
                break
    return native, raw.decode("latin-1")


def split_path(root: str, path: str) -> tuple[str, str]:
    """Return SCRIPT_NAME and PATH_INFO. `root` is removed from `path` only if it consists of whole segments."""
    root = root.rstrip("/")
    if root and not root.startswith("/"):
        root = "/" + root
    if root and path.startswith(root) and (len(path) == len(root) or path[len(root)] == "/"):
        return root, path[len(root) :]
    if path == "*":  # RFC 9112, 3.2.4: OPTIONS * is about the whole server; WSGI servers do not change the "*"
        return root, "*"
    return root, path if path.startswith("/") or (root and not path) else "/" + path


def host_and_port(host: str) -> tuple[str, str] | None:
    """Return the name (IPv6 in brackets) and port ("" if absent) of a Host value; None if invalid (RFC 9110, 7.2)."""
    match = _HOST(host)
    return (match[1], match[2] or "") if match else None


@lru_cache(64)  # enough for a server's few names, and bounded because clients choose the Host header
def is_server_name(name: str) -> bool:
    """Return False for a placeholder that a server uses because it does not know its name.

    Examples: "waitress.invalid" (RFC 6761, 6.4: never a real name), "cheroot/11.1.2".
    """
    return not (name.endswith(".invalid") or "/" in name)


def _server(scope: Mapping[str, Any], host: str) -> tuple[str, str]:
    """Return SERVER_NAME, which is never empty, and SERVER_PORT, which has only digits (RFC 3875, 4.1.14, 4.1.15)."""
    server = scope.get("server") or (None, None)
    name, port = server[0], server[1]
    if not name or port is None:  # a unix socket or an unknown address: use the Host header
        name, port = host_and_port(host) or ("localhost", "")
    elif ":" in name and name[0] != "[":
        name = f"[{name}]"
    return name, str(port) if port or port == 0 else PORTS.get(scope.get("scheme") or "http", "80")


def environ_from_scope(  # noqa: C901, PLR0912 - one function, because each further call would take a tenth more time
    scope: Mapping[str, Any], comma: str = ",", coded: bool = False, common: Environ = _EMPTY
) -> Environ:
    """Return the meta-variables of an `http` scope (ASGI HTTP 2.5), as WSGI strings.

    Returns a new dict, which begins as a copy of `common`. Any optional key of the scope may be missing. `comma` joins
    the values of a repeated header (RFC 9110, 5.3). With `coded`, a request that has a Transfer-Encoding gets the key
    CODED, which the caller must remove. Raises BadRequest if Content-Length is not exactly one length.
    """
    root, path_info, raw = scope.get("root_path"), scope.get("path") or "", scope.get("raw_path")
    script_name, target = "", raw.decode("latin-1") if raw else ""
    # Usual requests skip this branch, which is five times slower. CPython is slow to search `raw` for b"?".
    if root or not target or path_info[:1] != "/" or not path_info.isascii() or "?" in target:
        root = _native(root or "")
        path, target = _path(scope, root)
        script_name, path_info = split_path(root, path)
    query: str = ""
    if scope.get("query_string"):
        query = scope["query_string"].decode("latin-1")
        target = f"{target}?{query}"
    version: str = scope.get("http_version") or "1.1"
    environ = common.copy()  # a copied dict has room for further keys, so it need not grow when they are added
    environ["REQUEST_METHOD"] = scope["method"]
    environ["SCRIPT_NAME"], environ["PATH_INFO"], environ["QUERY_STRING"] = script_name, path_info, query
    environ["REQUEST_URI"] = environ["RAW_URI"] = target
    environ["SERVER_PROTOCOL"] = _PROTOCOLS.get(version) or f"HTTP/{version}"
    keys = _KEYS
    for name, value in scope.get("headers") or ():
        try:
            key = keys[name]
        except KeyError:
            key = _key(name)
        if key:
            text = value.decode() if value.isascii() else value.decode("latin-1")  # decoding UTF-8 is twice as fast
            environ[key] = _combined(key, environ[key], text, comma) if key in environ else text
    if environ.get("HTTP_HOST") == "":  # granian sets it for a request without Host, but Django rejects an empty Host
        del environ["HTTP_HOST"]
    if CODED in environ:
        if not coded:
            del environ[CODED]
        environ.pop("CONTENT_LENGTH", None)  # RFC 9112, 6.3: Transfer-Encoding overrides Content-Length
    if "CONTENT_LENGTH" in environ and not _DIGITS(length := environ["CONTENT_LENGTH"]):
        if length:
            environ["CONTENT_LENGTH"] = str(content_length(length.split(",")))
        else:
            del environ["CONTENT_LENGTH"]
    server = scope.get("server")
    if server and server[0] and server[1] and ":" not in server[0]:
        environ["SERVER_NAME"], environ["SERVER_PORT"] = server[0], str(server[1])
    else:
        environ["SERVER_NAME"], environ["SERVER_PORT"] = _server(scope, environ.get("HTTP_HOST", ""))
    client = scope.get("client")
    if client and client[0]:
        environ["REMOTE_ADDR"] = client[0]
        if client[1]:
            environ["REMOTE_PORT"] = str(client[1])
    if scope.get("scheme") == "https":
        environ["HTTPS"] = "on"
    return environ


def _header_name(key: str) -> bytes:
    """Return the name of the header that became this meta-variable; b"" if the variable is not a header."""
    if key in ("CONTENT_TYPE", "CONTENT_LENGTH"):
        name = key.replace("_", "-").lower().encode()
    elif key.startswith("HTTP_") and len(key) > 5 and key not in ("HTTP_CONTENT_TYPE", "HTTP_CONTENT_LENGTH"):
        name = octets(key[5:]).replace(b"_", b"-").lower()
    else:
        name = b""
    _remember(_NAMES, key, name)
    return name


def _headers(environ: Mapping[str, Any]) -> list[tuple[bytes, bytes]]:
    headers = []
    names = _NAMES
    for key, value in environ.items():
        try:
            name = names[key]
        except KeyError:
            name = _header_name(key)
        if name and (value or key.startswith("HTTP_")):  # an empty CONTENT_LENGTH or CONTENT_TYPE is an absent header
            headers.append((name, value.encode() if value.isascii() else octets(value)))
    return headers


def _paths(environ: Mapping[str, Any], path: bytes) -> tuple[bytes, bytes]:
    """Return the decoded path, and the path as the client sent it.

    The latter comes from the request target, if the target decodes to `path`. Otherwise `path` is quoted again.
    """
    # eventlet sets RAW_PATH_INFO, which has no query string
    sent_as: str = environ.get("REQUEST_URI") or environ.get("RAW_URI") or environ.get("RAW_PATH_INFO") or ""
    target = octets(sent_as)
    if _PLAIN_PATH(path) and (not target or target.partition(b"?")[0] == path):
        return path, path
    if target == b"*":  # cheroot's PATH_INFO is "/*"
        return target, target
    if target and not target.startswith(b"/"):  # RFC 9112, 3.2.2: absolute-form
        target = b"/" + target.partition(b"://")[2].partition(b"/")[2]
    raw = target.partition(b"?")[0].partition(b"#")[0]
    if raw:
        sent = unquote_to_bytes(raw)
        if (
            sent == path or sent.decode("utf-8", "replace").encode() == path
        ):  # werkzeug replaces bytes that are not UTF-8
            return path, raw
        if b"%2F".join(map(unquote_to_bytes, _SLASH(raw))) == path:  # cheroot does not decode %2F
            return sent, raw
    return path, quote(path, safe=PATH_SAFE).encode()


def _number(text: str | int | None) -> int | None:
    digits = text if type(text) is str else str(text or "")  # werkzeug's REMOTE_PORT is an int
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= MAX_DIGITS else None


def scope_from_environ(environ: Mapping[str, Any]) -> Scope:
    """Return the `http` scope (ASGI HTTP 2.5) of a WSGI environ, or of the environment of a CGI program.

    Missing variables are allowed. Bytes that are not UTF-8 are also allowed. In `path` and `root_path`, they are
    replaced.
    """
    script_name, query = environ.get("SCRIPT_NAME"), environ.get("QUERY_STRING")  # often empty
    root = octets(script_name).rstrip(b"/") if script_name else b""
    path, raw_path = _paths(environ, root + octets(environ.get("PATH_INFO") or "") or b"/")
    scheme = environ.get("wsgi.url_scheme")
    if not scheme:
        scheme = "https" if str(environ.get("HTTPS", "")).lower() in ("on", "1", "true", "yes") else "http"
    name: str = environ.get("SERVER_NAME") or ""
    if name and not is_server_name(name):
        name = (host_and_port(environ.get("HTTP_HOST") or "") or ("localhost",))[0]
    address: str = environ.get("REMOTE_ADDR") or ""
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.5"},
        "http_version": _VERSIONS.get(environ.get("SERVER_PROTOCOL") or "", "1.1"),
        "method": (environ.get("REQUEST_METHOD") or "GET").upper(),
        "scheme": scheme,
        "path": path.decode("utf-8", "replace"),
        "raw_path": raw_path,
        "query_string": octets(query) if query else b"",
        "root_path": root.decode("utf-8", "replace") if root else "",
        "headers": _headers(environ),
        "client": (address, _number(environ.get("REMOTE_PORT")) or 0) if address else None,
        "server": (name.strip("[]"), _number(environ.get("SERVER_PORT"))) if name else None,
    }
