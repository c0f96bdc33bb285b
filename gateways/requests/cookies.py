"""Keep the cookies of a client (RFC 6265). Parse Set-Cookie, and return the cookies for a request. Pure.

It ignores Domain, because there is only one server. It also ignores Secure, because a recorded site may use TLS only in
a proxy. This module has no clock. It compares an expiry date with the Date header of the same response, or with 1970 if
that header is missing.
"""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SetCookie:
    """A Set-Cookie header. `attributes` are in order, with names in lower case; a missing value is ""."""

    name: str
    value: str
    attributes: tuple[tuple[str, str], ...] = ()

    def attribute(self, name: str) -> str | None:
        """Return the last value of an attribute (RFC 6265, 5.3); None if absent."""
        return next((value for each, value in reversed(self.attributes) if each == name), None)


def parse(header: str) -> SetCookie:
    """Parse the value of a Set-Cookie header (RFC 6265, 5.2). Unlike there, a cookie without "=" is kept."""
    first, *rest = header.split(";")
    name, _, value = first.partition("=")
    pairs = (part.partition("=") for part in rest if part.strip())
    return SetCookie(name.strip(), value.strip(), tuple((key.strip().lower(), text.strip()) for key, _, text in pairs))


class Jar:
    """The cookies of one client."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], str] = {}  # by name and path

    def learn(self, target: str, headers: Iterable[tuple[str, str]]) -> None:
        """Store the cookies that the response to `target` sets, and delete those that it expires."""
        pairs = list(headers)
        date = next((value for name, value in pairs if name.lower() == "date"), None)
        for name, value in pairs:
            if name.lower() == "set-cookie":
                self._set(parse(value), target, date)

    def _set(self, cookie: SetCookie, target: str, date: str | None) -> None:
        path = cookie.attribute("path") or ""
        key = cookie.name, path if path.startswith("/") else default_path(target)
        if _is_over(cookie, date):
            self._kept.pop(key, None)
        else:
            self._kept[key] = cookie.value

    def for_target(self, target: str) -> dict[str, str]:
        """Return the cookies for a request, the longest paths first (RFC 6265, 5.4).

        Of several cookies with the same name, only the one with the longest path is returned.
        """
        path = target.partition("?")[0]
        fitting = [(where, name, value) for (name, where), value in self._kept.items() if matches(path, where)]
        found: dict[str, str] = {}
        for _, name, value in sorted(fitting, key=lambda each: -len(each[0])):
            found.setdefault(name, value)
        return found

    def everything(self) -> dict[str, str]:
        """Return all cookies by name. If a name has several paths, return the cookie that was added last."""
        return {name: value for (name, _), value in self._kept.items()}


def default_path(target: str) -> str:
    """Return the default path, the folder of the request's path (RFC 6265, 5.1.4)."""
    folder = target.partition("?")[0].rpartition("/")[0]
    return folder or "/"


def matches(path: str, where: str) -> bool:
    """Return True if the path is `where` or below it (RFC 6265, 5.1.4)."""
    return path == where or (path.startswith(where) and (where.endswith("/") or path[len(where)] == "/"))


def _is_over(cookie: SetCookie, date: str | None) -> bool:
    age, expires = cookie.attribute("max-age"), cookie.attribute("expires")
    if age is not None and age.lstrip("-").isdigit():
        return int(age) <= 0
    if expires is None:
        return False
    from email.utils import parsedate_to_datetime  # slow to import, and few cookies have a date

    try:
        until = parsedate_to_datetime(expires)
        return until.timestamp() <= (parsedate_to_datetime(date).timestamp() if date else 0.0)
    except (ValueError, OverflowError):
        return False


def header_of(cookies: dict[str, str]) -> str:
    """Return the value of a Cookie header."""
    return "; ".join(f"{name}={value}" for name, value in cookies.items())


def of_header(value: str) -> dict[str, str]:
    """Return the cookies in the value of a Cookie header."""
    pairs = (part.strip().partition("=") for part in value.split(";") if part.strip())
    return {name: text for name, _, text in pairs}
