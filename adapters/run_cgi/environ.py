"""The environment of a CGI program, as bytes: meta-variables (RFC 3875, 4.1) and variables of the host's environment.

Pure: knows names and values. It must not know files, processes or pipes. Only variables on an allow-list are passed
from the host's environment, because a program needs PATH and a locale, but must not get the host's secrets.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote, unquote_to_bytes

from ..mapping.requests import PATH_SAFE, PORTS, Environ, host_and_port, is_server_name, octets
from .script import Refused, Script, resolved

Variables = dict[bytes, bytes]

_INHERITED = frozenset(("PATH", "LD_LIBRARY_PATH", "TZ", "LANG", "LANGUAGE"))  # and LC_*
_PATH = b"/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin"
# Variables of the server that a program gets, in addition to HTTP_*. This module computes all other variables.
_PASSED = (
    {"REQUEST_METHOD", "QUERY_STRING", "CONTENT_TYPE", "CONTENT_LENGTH", "SERVER_SOFTWARE", "SERVER_ADDR"}
    | {f"REMOTE_{what}" for what in ("ADDR", "PORT", "HOST", "IDENT", "USER")}
    | {"AUTH_TYPE"}
)
# CONTENT_TYPE and CONTENT_LENGTH are passed without the prefix HTTP_ (4.1.18). The transfer coding has been decoded
# (4.2). HTTP_PROXY is dropped because an HTTP client in the program would use it as its proxy ("httpoxy").
_DROPPED = frozenset(("HTTP_CONTENT_TYPE", "HTTP_CONTENT_LENGTH", "HTTP_TRANSFER_ENCODING", "HTTP_PROXY"))
_CREDENTIALS = frozenset(("HTTP_AUTHORIZATION", "HTTP_PROXY_AUTHORIZATION"))  # not passed by default (4.1.18)
_HEADER = re.compile("HTTP_[A-Z0-9_]+", re.ASCII).fullmatch
_ADDRESS = re.compile(rb"[0-9A-Fa-f]*[.:][0-9A-Fa-f.:]*").fullmatch
_DIGITS = re.compile("[0-9]+", re.ASCII).fullmatch
_SHELL_ACTIVE = re.compile(rb"([^A-Za-z0-9_./:,@%+=\x80-\xff-])")


def inherited(host: Mapping[str, str], names: Iterable[str]) -> Variables:
    """Return the variables of the host's environment that a program gets: the allow-list, and `names`."""
    wanted = _INHERITED.union(names)
    passed = {_os(name): _os(value) for name, value in host.items() if name in wanted or name.startswith("LC_")}
    passed.setdefault(b"PATH", _PATH)
    return passed


def _os(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def meta_variables(environ: Mapping[str, Any], script: Script, root: bytes | None, authorization: bool) -> Variables:
    """Return the meta-variables of a request (RFC 3875, 4.1) from a WSGI environ.

    The environ's SCRIPT_NAME is the path at which the host is mounted. `root` is the document root, or None. Raises
    Refused if the environment cannot contain a value.
    """
    scheme = "https" if environ.get("wsgi.url_scheme") == "https" or environ.get("HTTPS") == "on" else "http"
    variables = {
        b"GATEWAY_INTERFACE": b"CGI/1.1",
        b"SERVER_SOFTWARE": b"gateways",
        b"SERVER_PROTOCOL": _protocol(environ.get("SERVER_PROTOCOL") or "HTTP/1.1"),
        b"SERVER_NAME": _server_name(environ),
        b"SERVER_PORT": _port(str(environ.get("SERVER_PORT") or ""), scheme),
        b"REMOTE_ADDR": b"0.0.0.0",  # 4.1.8 requires an address, but a unix socket has none
        b"QUERY_STRING": b"",
        b"REQUEST_SCHEME": scheme.encode(),
        b"REQUEST_URI": _request_uri(environ),
        b"REDIRECT_STATUS": b"200",  # php-cgi requires it, as proof that a server has started it
    }
    withheld = _DROPPED if authorization else _DROPPED | _CREDENTIALS
    for key, value in environ.items():
        if key.startswith("HTTP_"):
            if key not in withheld and _HEADER(key):
                variables[key.encode()] = octets(value)
        elif key in _PASSED and value:
            # REMOTE_PORT of Werkzeug is an int.
            variables[key.encode()] = octets(value if type(value) is str else str(value))
    variables[b"REMOTE_ADDR"] = variables[b"REMOTE_ADDR"].strip(b"[]")
    variables.setdefault(b"REMOTE_HOST", variables[b"REMOTE_ADDR"])  # 4.1.9: the address, if the name is unknown
    variables[b"SCRIPT_NAME"] = octets(environ.get("SCRIPT_NAME") or "").rstrip(b"/") + script.name
    variables[b"SCRIPT_FILENAME"] = script.file
    if script.path_info:  # if empty, it is not set, as in Apache: programs use os.environ.get("PATH_INFO", "/")
        variables[b"PATH_INFO"] = script.path_info
    if scheme == "https":
        variables[b"HTTPS"] = b"on"
    if root is not None:
        variables[b"DOCUMENT_ROOT"] = root
        if script.path_info:  # 4.1.6
            variables[b"PATH_TRANSLATED"] = root.rstrip(b"/") + script.path_info
    if not _ADDRESS(variables.get(b"SERVER_ADDR", b"")):  # e.g. the path of a unix socket, or a name
        variables.pop(b"SERVER_ADDR", None)
    for name, octet_string in variables.items():
        if 0 in octet_string:  # an int, because CPython would try to use b"\0" as a number first
            raise Refused(400, f"{name.decode()} contains a NUL")
    return variables


def _protocol(text: str) -> bytes:
    return octets(text + ".0" if re.fullmatch(r"HTTP/[0-9]", text) else text)  # 4.1.16: digits, a dot, digits


def _server_name(environ: Mapping[str, Any]) -> bytes:
    """Return the host name that the client used, if it is valid (4.1.14); else the server's name, or localhost."""
    named = host_and_port(environ.get("HTTP_HOST") or "")
    name = named[0] if named else environ.get("SERVER_NAME") or ""
    if not name or not is_server_name(name):
        name = "localhost"
    return octets(f"[{name}]" if ":" in name and not name.startswith("[") else name)


def _port(text: str, scheme: str) -> bytes:
    return (text if _DIGITS(text) else PORTS[scheme]).encode()


def _request_uri(environ: Mapping[str, Any]) -> bytes:
    """Return the request target as the client sent it. If the server does not pass it, build it from path and query."""
    target = environ.get("REQUEST_URI") or environ.get("RAW_URI")
    if target:
        return octets(target)
    path = quote(octets((environ.get("SCRIPT_NAME") or "") + (environ.get("PATH_INFO") or "")), safe=PATH_SAFE)
    query = environ.get("QUERY_STRING")
    return octets(f"{path}?{query}" if query else path)


def redirected(environ: Environ, local: str) -> Environ:
    """Return the request of a local redirect (RFC 3875, 6.2.2): a GET or HEAD request for `local`, without a body.

    PATH_INFO is relative to the mount. For a path outside the mount, raises Refused(302), which redirects the client.
    """
    path, _, query = local.partition("?")
    decoded, mount = resolved(unquote_to_bytes(octets(path))), octets(environ.get("SCRIPT_NAME") or "").rstrip(b"/")
    if not decoded.startswith(mount + b"/"):
        raise client_redirect(local)
    request = {
        name: value
        for name, value in environ.items()
        if name not in ("CONTENT_LENGTH", "CONTENT_TYPE", "HTTP_TRANSFER_ENCODING", "HTTP_EXPECT", "RAW_URI")
    }
    return request | {
        "REQUEST_METHOD": "HEAD" if environ["REQUEST_METHOD"] == "HEAD" else "GET",
        "PATH_INFO": decoded[len(mount) :].decode("latin-1"),
        "QUERY_STRING": query,
        "REQUEST_URI": local,
    }


def client_redirect(local: str) -> Refused:
    """Return a redirect for the client, because the target of a local redirect is not on this host."""
    return Refused(302, f"the target of the local redirect, {local}, is not a program of this host", Location=local)


def arguments(method: str, query: bytes) -> list[bytes]:
    """Return the words of a query without "=" as arguments (RFC 3875, 4.4), with shell characters escaped (7.2).

    Returns an empty list if the method is not GET or HEAD, if a word cannot be an argument, or if the first word looks
    like an option.
    """
    if method not in ("GET", "HEAD") or not query or b"=" in query:
        return []
    words = [unquote_to_bytes(word) for word in query.split(b"+")]
    if any(b"\0" in word for word in words) or words[0].startswith(b"-"):
        return []
    return [_SHELL_ACTIVE.sub(rb"\\\1", word) for word in words]
