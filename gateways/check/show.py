"""Format a report as lines of text and as JSON. Pure."""

from typing import Any

from gateways.check.finding import Finding
from gateways.check.report import Report


def lines(report: Report) -> list[str]:
    """Return the report as lines of text."""
    move = report.move
    app = f"{report.target}: {move.interface.upper()} app, {report.signature}"
    requests = ", ".join(f"{request} {status}" for request, status in report.asked.items())
    report_lines = [f"{app}; checked for {move.runner} ({move.to.upper()})", f"requests: {requests}", *report.problems]
    for number, finding in enumerate(report.findings, 1):
        report_lines += ["", *_finding(number, finding)]
    count = len(report.findings)
    none = "no finding" if report.has_success else "no result"
    total = none if not count else f"{count} finding{'s' * (count > 1)}"
    return [*report_lines, "", f"{total} for {move.runner}"]


def _finding(number: int, finding: Finding) -> list[str]:
    seen, advice = finding.seen, finding.advice
    where = f"{seen.place}: " if seen.place else f"{seen.request}: " if seen.request else ""
    report_lines = [f"{number}. {where}{advice.title}  [{finding.rule}]"]
    if seen.place and seen.place.code:
        report_lines.append(f"   line    {seen.place.code}")
    during = f"  ({seen.request})" if seen.request and seen.place else ""
    report_lines.append(f"   seen    {seen.message}{during}")
    report_lines += [f"   stack   {frame}" for frame in seen.stack]
    return [*report_lines, f"   why     {advice.why}", f"   remedy  {advice.remedy}"]


def document(report: Report) -> dict[str, Any]:
    """Return the report in the format of `--json`."""
    move = report.move
    return {
        "target": report.target,
        "interface": move.interface,
        "to": move.to,
        "server": move.server.name,
        "runner": move.runner,
        "requests": report.asked,
        "problems": report.problems,
        "findings": [finding.to_dict() for finding in report.findings],
    }
