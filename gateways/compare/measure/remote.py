"""Describe running servers, which are given by URL. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal
from urllib.parse import urlsplit

from gateways.compare.load.order import Request
from gateways.compare.record import Entrant

EXAMPLE = "blue=https://blue.example.org"


@dataclass(frozen=True, slots=True)
class Site:
    """A server given as `LABEL=URL`, which is a contender without a command line. `path` is the URL's path,
    unchanged.
    """

    label: str
    host: str
    port: int
    tls: bool = False
    path: str = ""
    twin: bool = False
    mode: Literal["url"] = "url"

    @property
    def id(self) -> str:
        return f"{self.label}#2" if self.twin else self.label

    @property
    def url(self) -> str:
        """The URL without a path."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.tls else 'http'}://{host}:{self.port}"

    def for_server(self, request: Request) -> Request:
        """Return the request with the URL's path in front of its target. Replace the target `/` by the path."""
        target = (self.path or "/") if request.target == "/" else self.path.rstrip("/") + request.target
        return replace(request, target=target)

    @property
    def entrant(self) -> Entrant:
        """Return the contender for the record."""
        label = f"{self.label} again" if self.twin else self.label
        return Entrant(
            self.id, label, self.mode, self.url + self.path, "", None, (), {}, self.label if self.twin else ""
        )


def site(text: str) -> Site:
    """Parse `LABEL=URL`; the default label is host and port.

    Raises: ValueError: the text is invalid; the message has the reason.
    """
    name, equals, url = text.partition("=")
    if not equals or "/" in name:
        name, url = "", text
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError(f"{text!r} is not the URL of a server; write for example {EXAMPLE}")
    if parts.query or parts.fragment or parts.username is not None:
        raise ValueError(f"{url!r} has a query, a user or a fragment; use host and path only, and --path for a query")
    tls = parts.scheme == "https"
    port = parts.port or (443 if tls else 80)
    return Site(name or f"{parts.hostname}:{port}", parts.hostname, port, tls, parts.path)


def several(sites: Sequence[Site]) -> Sequence[Site]:
    """Check that all labels differ; return the sites.

    Raises:
        ValueError: two have the same label.
    """
    labels = [each.label for each in sites]
    for label in labels:
        if labels.count(label) > 1:
            raise ValueError(f"two servers have the label {label!r}; give each server its own label, e.g. {EXAMPLE}")
    return sites
