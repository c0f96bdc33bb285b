"""The result of a check. Pure."""

from dataclasses import dataclass

from gateways.check.finding import Finding
from gateways.check.move import Move


@dataclass(frozen=True, slots=True)
class Report:
    """The result of a check. `asked` has the status of each request, `problems` the failed checks."""

    target: str
    signature: str
    move: Move
    asked: dict[str, str]
    problems: list[str]
    findings: list[Finding]
