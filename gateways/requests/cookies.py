"""Cookies as a client keeps them (RFC 6265): Set-Cookie taken apart, and those that a request sends. Pure.

There is one server, so Domain is not considered. Neither is Secure: a recorded site has TLS in front of what is asked
here. Expiry by date is judged only against the Date header of the same response, since there is no clock here.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from email.utils import parsedate_to_datetime


@dataclass(frozen=True, slots=True)
class SetCookie:
    """A Set-Cookie header. `attributes` in order, names in lower case; the value is "" where there is none."""

    name: str
    value: str
    attributes: tuple[tuple[str, str], ...] = ()

    def attribute(self, name: str) -> str | None:
        """The last value of an attribute (RFC 6265, 5.3); None if absent."""
        return next((value for each, value in reversed(self.attributes) if each == name), None)


def parse(header: str) -> SetCookie:
    """Take the value of a Set-Cookie header apart (RFC 6265, 5.2)."""
    first, *rest = header.split(";")
    name, _, value = first.partition("=")
    pairs = (part.partition("=") for part in rest if part.strip())
    return SetCookie(name.strip(), value.strip(), tuple((key.strip().lower(), said.strip()) for key, _, said in pairs))


class Jar:
    """The cookies of one client."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], str] = {}  # by name and path

    def learn(self, target: str, headers: Iterable[tuple[str, str]]) -> None:
        """Keep what the response to `target` sets, and forget what it expires."""
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
        """The cookies for a request, those with longer paths first (RFC 6265, 5.4)."""
        path = target.partition("?")[0]
        fitting = [(where, name, value) for (name, where), value in self._kept.items() if matches(path, where)]
        found: dict[str, str] = {}
        for _, name, value in sorted(fitting, key=lambda each: -len(each[0])):
            found.setdefault(name, value)
        return found

    def everything(self) -> dict[str, str]:
        """All cookies by name, whatever their paths."""
        return {name: value for (name, _), value in self._kept.items()}


def default_path(target: str) -> str:
    """RFC 6265, 5.1.4: the folder of the request's path."""
    folder = target.partition("?")[0].rpartition("/")[0]
    return folder or "/"


def matches(path: str, where: str) -> bool:
    """RFC 6265, 5.1.4: the path is `where`, or below it."""
    return path == where or (path.startswith(where) and (where.endswith("/") or path[len(where)] == "/"))


def _is_over(cookie: SetCookie, date: str | None) -> bool:
    age, expires = cookie.attribute("max-age"), cookie.attribute("expires")
    if age is not None and age.lstrip("-").isdigit():
        return int(age) <= 0
    if expires is None:
        return False
    try:
        until = parsedate_to_datetime(expires)
        return until.timestamp() <= (parsedate_to_datetime(date).timestamp() if date else 0.0)
    except (ValueError, OverflowError):
        return False


def header_of(cookies: dict[str, str]) -> str:
    """The value of a Cookie header."""
    return "; ".join(f"{name}={value}" for name, value in cookies.items())


def of_header(value: str) -> dict[str, str]:
    """The cookies in the value of a Cookie header."""
    pairs = (part.strip().partition("=") for part in value.split(";") if part.strip())
    return {name: said for name, _, said in pairs}
