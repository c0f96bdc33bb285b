"""Convert a result to JSON (docs/diff.md). Pure."""

from typing import Any

from gateways.diff.known import page_of
from gateways.diff.result import Difference, Result, Side

SCHEMA = 1
"""Version of the format. It increases when a program for the old format would misread the new format."""


def to_json(result: Result) -> dict[str, Any]:
    """Return the document: requests, differences, noise, and omissions."""
    return {
        "schema": SCHEMA,
        "old": _side(result.old),
        "new": _side(result.new),
        "rounds": {"old": result.rounds[0], "new": result.rounds[1]},
        "interrupted": result.interrupted,
        "same": not result.counted,
        "requests": [
            {"request": each.label, "origin": each.origin, "old": list(each.old), "new": list(each.new)}
            for each in result.asked
        ],
        "differences": [_difference(each, result) for each in result.differences],
        "noise": result.noise,
        "left_out": list(result.left_out),
        "notes": list(result.notes),
        "accepted_but_not_seen": list(result.unused),
    }


def _side(side: Side) -> dict[str, Any]:
    return {"label": side.label, "what": side.what, "adapter": side.adapter or None}


def _difference(each: Difference, result: Result) -> dict[str, Any]:
    known = each.known
    return {
        "facet": each.found.facet,
        "old": each.found.old,
        "new": each.found.new,
        "lines": list(each.found.lines),
        "requests": list(each.requests),
        "times": each.times,
        "asked": each.asked,
        "counted": each in result.counted,
        "accepted": each.accepted,
        "says": known.says if known else None,
        "clause": known.clause if known else None,
        "page": page_of(each.found, result.new.adapter),
    }
