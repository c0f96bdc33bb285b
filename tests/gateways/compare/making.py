"""Handmade records: cells with the rates and times of a test."""

import functools
from collections.abc import Sequence
from typing import Any

from gateways.compare.load.histogram import Histogram, bucket
from gateways.compare.load.order import Answer, Measured
from gateways.compare.machine import Machine, Placement, Resources
from gateways.compare.plan.contender import Contender, contenders
from gateways.compare.question import Question
from gateways.compare.record import Cell, Entrant, Record

MS = 1_000_000
SECOND = 1_000_000_000
HELLO = Question("hello", "the fixed cost", "GET /hello", "quick", None, 0, Answer(200, 14, "ab"), small=True)
WAIT = Question("wait", "where threads run out", "GET /sleep", "long", 0.05, 0, Answer(200, 14, "ab"))
STREAM = Question(
    "stream", "who gets the first byte at once", "GET /stream", "long", 0.95, 0, Answer(200, 14, "ab"), "first byte"
)
IDLE = Question(
    "idle", "whether idle clients leave room", "GET /hello", "long", None, 300, Answer(200, 14, "ab"), "room"
)

UVICORN, WAITRESS, HYPERCORN, DAPHNE = "asgi:uvicorn", "wsgi:waitress", "asgi:hypercorn", "asgi:daphne"
STEADY = [[10_000, 10_100, 9_900, 10_050], [10_200, 10_300, 10_100, 10_150]]
"""Rates of a contender in each round of two starts."""


def scaled(factor: float, wobble: float = 0.0) -> list[list[float]]:
    """Return STEADY multiplied by a factor. In turns, a round is faster or slower by the share `wobble`."""
    return [[rate * (factor + wobble * (-1) ** number) for number, rate in enumerate(rounds)] for rounds in STEADY]


def contender(name: str) -> Contender:
    """Return the contender with this id."""
    return next(each for each in contenders(None, servers=["all"], adapters=["all"]) if each.id == name)


def entrant(name: str, twin_of: str = "") -> Entrant:
    made = contender(name.removesuffix("#2"))
    adapter = made.adapter.name if made.adapter else ""
    return Entrant(name, made.label, made.mode, made.server.name, adapter, made.threads, ("python",), {}, twin_of)


@functools.cache
def repeated(value: int, number: int, missing: int = 0) -> Histogram:
    """Return a histogram of equal values. Hundreds of slices share the same object, because no code changes a
    histogram.
    """
    buckets = [bucket(value), number] if number else []
    return Histogram.from_json({"missing": missing, "total": value * number, "buckets": buckets})


def measured(rate: float, ms: float = 1.0, *, window: int = SECOND // 4, **more: Any) -> Measured:
    """Return a slice with a rate per second and a latency in milliseconds."""
    number = round(rate * window / SECOND)
    values = {
        "latency": repeated(int(ms * MS), number, more.pop("missing", 0)),
        "first_byte": repeated(int(ms * MS), number),
        "lag": repeated(1000, number),
        "client_cpu": window // 10,
        "server_cpu": window // 2,
        "machine_cpu": window // 2 + window // 10,
        "busy": int(64 * window),
        **more,
    }
    return Measured(window=window, **values)


def cell(name: str, what: Measured, question: Question = HELLO, **more: Any) -> Cell:
    memory = Resources(memory=20_000_000, resident=40_000_000, threads=5, processes=1)
    phase = "long" if question.load == "long" else "latency" if more.get("offered") else "capacity"
    values = {"start": 0, "round": 0, "connections": 64, "offered": 0.0, **more}
    taken = {"before": memory, "after": memory, "peak": memory}
    return Cell(**{"scenario": question.name, "phase": phase, "contender": name, "measured": what, **taken, **values})


def slices(name: str, rates: Sequence[Sequence[float]], question: Question = HELLO, **more: Any) -> list[Cell]:
    """Return a slice for each rate of each start."""
    return [
        cell(name, measured(rate, **more), question, start=start, round=number)
        for start, rounds in enumerate(rates)
        for number, rate in enumerate(rounds)
    ]


def record(cells: Sequence[Cell], questions: Sequence[Question] = (HELLO,), **more: Any) -> Record:
    names = dict.fromkeys(cell.contender for cell in cells if cell.contender != "null")
    reference = more.pop("reference", UVICORN)
    machine = Machine("Linux 6", "CPython 3.11.7", "A CPU", 2, 8_000_000_000, 1024, packages={"uvicorn": "1"})
    values = {
        "created": "2026-11-20T12:00:00+00:00",
        "version": "0.1.0",
        "seed": 1,
        "target": "the reference app",
        "options": {},
        "machine": machine,
        "placement": Placement((1,), (0,)),
        "reference": reference,
        "entrants": [entrant(name, reference if name.endswith("#2") else "") for name in names],
        "questions": list(questions),
        "cells": list(cells),
        **more,
    }
    return Record(**values)
