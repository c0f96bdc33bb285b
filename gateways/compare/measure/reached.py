"""Represent a running server, given by URL, during a measurement.

This command does not start, pin or stop the server, and its resources are unknown. Its responses are verified like all
others.
"""

from contextlib import AbstractContextManager, nullcontext

from gateways.compare.machine import Resources
from gateways.compare.measure.remote import Site
from gateways.compare.measure.resources import Peak


class Reached:
    """A site during a measurement. Its process is unknown, and its name is the Host header."""

    processes: tuple[int, ...] = ()
    host_header = ""

    def __init__(self, where: Site) -> None:
        self.host, self.port, self.tls, self.for_server = where.host, where.port, where.tls, where.for_server

    def check(self) -> None:
        """Do nothing, because only the server's responses show that it still runs."""

    def log_size(self) -> int:
        """Return 0, because the server's log is unknown."""
        return 0

    def log_from(self, start: int) -> str:
        """Return an empty text, because the server's log is unknown."""
        del start
        return ""

    def taken(self) -> Resources:
        return Resources()

    def watched(self) -> AbstractContextManager[Peak]:
        return nullcontext(Peak())
