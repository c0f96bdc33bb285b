"""The contract suites that are run against the peers: one for each direction between WSGI and ASGI.

Knows the folder of a suite, its text on the page, and its adapters. It must not run a suite.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from tests.adapters.asgi_to_wsgi.contenders import CONTENDERS as ASGI_TO_WSGI
from tests.adapters.wsgi_to_asgi.contenders import CONTENDERS as WSGI_TO_ASGI
from tests.peers.clauses import Chapter, chapters

ROOT = Path(__file__).parents[2]


class Contender(Protocol):
    """An adapter: its name in the suite, its distribution, and its import path."""

    @property
    def distribution(self) -> str: ...
    @property
    def title(self) -> str: ...


@dataclass(frozen=True)
class Suite:
    """A contract suite, under the name of its folder."""

    name: str
    title: str
    loops: str  # the loops of its tests
    contenders: Mapping[str, Contender]
    remark: str = ""  # further observations over sockets, with versions, which no test of the suite shows

    @property
    def folder(self) -> str:
        """The path of the suite's folder, relative to the project's root."""
        return f"tests/adapters/{self.name}"

    def chapters(self) -> list[Chapter]:
        return chapters(ROOT / self.folder)


SUITES = {
    suite.name: suite
    for suite in (
        Suite(
            "wsgi_to_asgi",
            "WSGI apps on ASGI servers",
            "ours on asyncio, uvloop and trio, the others on asyncio only",
            WSGI_TO_ASGI,
            """\
The adapter of asgiref 3.13.0 fails many requests on keep-alive connections of uvicorn 0.54.0 (uvloop, httptools). The
log then has "CurrentThreadExecutor already quit or is broken". In two runs with eight clients, 79 and 67 of 160
requests got a 500. When each request had its own connection, no request got a 500.""",
        ),
        Suite(
            "asgi_to_wsgi",
            "ASGI apps on WSGI servers",
            "on asyncio and, where the choice of the loop could matter, on uvloop too",
            ASGI_TO_WSGI,
        ),
    )
}
