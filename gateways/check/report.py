"""The result of a check. Pure."""

from dataclasses import dataclass

from gateways.check.finding import Finding
from gateways.check.move import Move


@dataclass(frozen=True, slots=True)
class Report:
    """The result of a check. `asked` has the status of each request, `problems` what could not be looked at."""

    target: str
    signature: str
    move: Move
    asked: dict[str, str]
    problems: list[str]
    findings: list[Finding]
