"""The result of a check. Pure."""

from dataclasses import dataclass

from gateways.check.finding import Finding
from gateways.check.move import Move
from gateways.events.printable import printable

RAISED = "(raised "
"""Text in the status of a request if the app raised an exception, before or after the response headers."""


@dataclass(frozen=True, slots=True)
class Report:
    """The result of a check. asked: the status of each request, by its label. problems: reasons why the check is
    incomplete.
    """

    target: str
    signature: str
    move: Move
    asked: dict[str, str]
    problems: list[str]
    findings: list[Finding]

    @property
    def has_success(self) -> bool:
        """True if the app sent at least one response with a 2xx or 3xx status without raising."""
        return any(_is_success(status) for status in self.asked.values())


def failed(asked: dict[str, str]) -> list[str]:
    """Return a line for each request that got a 5xx status or no response, or for which the app raised an exception.
    Return a further line if no request succeeded.

    A request to a WSGI app that did not finish is left out, because another line reports it.
    """
    lines = [f"{request} failed: {status}" for request, status in asked.items() if _is_failure(status)]
    if not any(map(_is_success, asked.values())):
        lines.append("no request succeeded, so the app was not exercised; name paths that it serves with --path")
    return lines


MAX_LINES = 8
"""Maximum number of lines of the app's output."""


def written(output: list[str]) -> list[str]:
    """Return a heading and the last lines of the app's output, which may say why requests failed; no lines without
    output.
    """
    lines = [printable(line.expandtabs()) for line in output if line.strip()]
    return ["output of the app:", *(f"  {line[:200]}" for line in lines[-MAX_LINES:])] if lines else []


def _is_failure(status: str) -> bool:
    return status.startswith(("5", "no response")) or RAISED in status


def _is_success(status: str) -> bool:
    return status[:1] in {"2", "3"} and RAISED not in status
