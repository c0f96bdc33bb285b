"""Format the log line of a request. Knows its level, its fields, and the formats of `gateways serve
--log-format`. Pure.
"""

import json
import string
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from gateways.events.printable import printable, target

LEVELS = ("debug", "info", "warning", "error", "critical")
"""Names of the logging levels, lowest first."""

FORMATS = {
    "full": "{time} {level:<7} {client} {mode:<4} {status} {method} {target}  {bytes} bytes  {ms} ms  {error}",
    "short": "{mode:<5} {status}  {method} {target}  {bytes} bytes  {ms} ms  {error}",
    "common": '{host} - - [{date}] "{method} {target} {protocol}" {status} {bytes}',
    "json": "",
}
"""Formats by name. "json" writes one object per line. Any other text with fields in braces is a template."""

FIELDS = (
    *("time", "date", "level", "client", "host", "mode", "status", "method", "target", "protocol", "bytes", "ms"),
    "error",
)


def is_format(text: str) -> bool:
    """Return True for the name of a format, or a template with at least one field and only known fields."""
    if text in FORMATS:
        return True
    try:
        names = [name for _, name, _, _ in string.Formatter().parse(text) if name is not None]
        text.format_map(dict.fromkeys(FIELDS, ""))
    except (ValueError, KeyError, IndexError, AttributeError):
        return False
    return bool(names)


def level_of(status: int, flaw: str) -> str:
    """Return the level of a request: "error" if the app failed, "warning" for a 4xx status, else "info".

    A client that disconnects is not a failure of the app.
    """
    failed = flaw.startswith("raised") or flaw in ("not complete", "no answer")
    if failed or status >= 500:
        return "error"
    return "warning" if status >= 400 else "info"


def fields(mode: str, data: tuple[Any, ...], when: datetime) -> dict[str, Any]:
    """Return the fields of a request's line. `data` is the data of its access event, and `when` is the end of
    the request.
    """
    method, path, query, status, size, seconds, flaw, client, version = data
    host = printable(str(client[0])) if client else "-"
    return {
        "time": f"{when:%Y-%m-%d %H:%M:%S}.{when.microsecond // 1000:03}",
        "date": f"{when:%d/%b/%Y:%H:%M:%S %z}",
        "level": level_of(status or 0, flaw).upper(),
        "client": _address(host, client[1]) if client else "-",
        "host": host,
        "mode": mode.upper(),
        "status": printable(str(status or "---")),
        "method": printable(method),
        "target": target(path, query),
        "protocol": f"HTTP/{printable(str(version or '')).removeprefix('HTTP/') or '1.0'}",
        "bytes": size,
        "ms": f"{seconds * 1000:.2f}",
        "error": printable(flaw),
    }


def _address(host: str, port: Any) -> str:
    name = f"[{host}]" if ":" in host else host
    return f"{name}:{port}" if port else name


def line(form: str, values: Mapping[str, Any]) -> str:
    """Return the line in a format."""
    if form == "json":
        return json.dumps({name: value for name, value in values.items() if name not in ("host", "date", "protocol")})
    return FORMATS.get(form, form).format_map(dict(values)).rstrip()
