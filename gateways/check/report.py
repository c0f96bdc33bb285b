"""The result of a check. Pure."""

from dataclasses import dataclass

from gateways.check.finding import Finding
from gateways.check.move import Move

RAISED = "(raised "
"""Part of the status of a request whose app raised after it had sent the response headers."""


@dataclass(frozen=True, slots=True)
class Report:
    """The result of a check. `asked` has the status of each request, `problems` the failed checks."""

    target: str
    signature: str
    move: Move
    asked: dict[str, str]
    problems: list[str]
    findings: list[Finding]

    @property
    def has_success(self) -> bool:
        """True if at least one response had a status below 400 and the app did not raise."""
        return any(_is_success(status) for status in self.asked.values())


def failed(asked: dict[str, str]) -> list[str]:
    """Return a line for each request with a status of 5xx or no response, and one more if no request succeeded.

    A request that did not finish already has a line.
    """
    lines = [f"{request} failed: {status}" for request, status in asked.items() if _is_failure(status)]
    if not any(map(_is_success, asked.values())):
        lines.append("no request succeeded, so the app was not exercised; name paths that it serves with --path")
    return lines


def _is_failure(status: str) -> bool:
    return status.startswith(("5", "no response")) or RAISED in status


def _is_success(status: str) -> bool:
    return status[:1] in {"2", "3"} and RAISED not in status
