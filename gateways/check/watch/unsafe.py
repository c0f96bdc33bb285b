"""Find objects that the app creates at import and that threads must not share. To add a class, add a row to UNSAFE."""

import sqlite3
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from gateways.check.finding import Place
from gateways.check.watch.notes import Notes
from gateways.check.watch.own import Own, assigned


@dataclass(frozen=True, slots=True)
class Unsafe:
    """A class of a module that is not thread-safe, and the reason from its documentation."""

    module: str
    name: str
    why: str
    remedy: str


_EACH = "create one for each request or thread"
UNSAFE = (
    Unsafe("requests.sessions", "Session", "requests: a Session shares cookies and adapters without locks", _EACH),
    Unsafe(
        "sqlalchemy.orm.session",
        "Session",
        "SQLAlchemy, Session Basics: a Session is not thread-safe",
        "use scoped_session",
    ),
    Unsafe("boto3.session", "Session", "boto3, Session: not thread-safe", "create one for each thread"),
    Unsafe(
        "boto3.resources.base", "ServiceResource", "boto3, Resources: not thread-safe", "create one for each thread"
    ),
    Unsafe(
        "pymysql.connections", "Connection", "PEP 249: threadsafety is 1, so threads may not share connections", _EACH
    ),
    Unsafe(
        "MySQLdb.connections", "Connection", "PEP 249: threadsafety is 1, so threads may not share connections", _EACH
    ),
    Unsafe("http.client", "HTTPConnection", "http.client: one request at a time", _EACH),
    Unsafe("smtplib", "SMTP", "smtplib: one conversation at a time", _EACH),
    Unsafe("ftplib", "FTP", "ftplib: one conversation at a time", _EACH),
    Unsafe("imaplib", "IMAP4", "imaplib: one conversation at a time", _EACH),
    Unsafe("pycurl", "Curl", "pycurl, Thread Safety: one thread at a time", _EACH),
)


def look(notes: Notes, own: Own) -> None:
    """Record the unsafe globals and class attributes of the app's own modules. Call this in the importing thread."""
    for module, within, name, value in bound(own):
        label = f"{within}.{name}" if within else name
        place = assigned(module, name, within)
        for each in UNSAFE:
            kind = getattr(sys.modules.get(each.module), each.name, None)
            if isinstance(kind, type) and isinstance(value, kind):
                what = f"{each.module.partition('.')[0]}.{each.name}"
                notes.add(
                    "unsafe-global",
                    f"{label} is a {what}",
                    place,
                    name=label,
                    type=what,
                    why=each.why,
                    remedy=each.remedy,
                    bound=False,
                )
                break


def bound(own: Own) -> Iterator[tuple[ModuleType, str, str, Any]]:
    """Yield module, class (or ""), name and value of each name that the app's own modules or their classes assign."""
    for module in own.modules():
        for name, value in list(vars(module).items()):
            if isinstance(value, type) and value.__module__ == module.__name__:
                for inner, what in list(vars(value).items()):
                    if assigned(module, inner, name):
                        yield module, name, inner, what
            elif assigned(module, name):
                yield module, "", name, value


class Connections:
    """The sqlite3 connections that the app's own code opens during its import, in variables of any kind."""

    def __init__(self, notes: Notes, own: Own) -> None:
        self._notes, self._own = notes, own
        self._opened: list[tuple[sqlite3.Connection, Place]] = []
        self._importing = True
        sys.addaudithook(self._hook)

    def _hook(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "sqlite3.connect/handle" and self._importing:
            place = self._own.place(sys._getframe(1))  # noqa: SLF001 - the frame that the audit event came from
            if place is not None:
                self._opened.append((arguments[0], place))

    def look(self) -> None:
        """Record the connections that are still open. Call this in the importing thread, after the import."""
        self._importing = False
        opened, self._opened = self._opened, []
        while opened:
            connection, place = opened.pop()
            if sys.getrefcount(connection) > 2:  # referenced by more than `connection` and the argument of this call
                _sqlite(self._notes, connection, self._name(connection), place)

    def _name(self, connection: sqlite3.Connection) -> str:
        names = (
            f"{within}.{name}" if within else name for _, within, name, value in bound(self._own) if value is connection
        )
        return next(names, "the connection")


def _sqlite(notes: Notes, connection: sqlite3.Connection, name: str, place: Place | None) -> None:
    """Use the connection on another thread, to test if this is allowed."""
    evidence: list[str] = []

    def use() -> None:
        try:
            connection.cursor().close()
        except sqlite3.ProgrammingError as error:
            evidence.append(str(error))

    thread = threading.Thread(target=use)
    thread.start()
    thread.join()
    closed = evidence and "closed" in evidence[0]
    if closed:
        return
    notes.add(
        "unsafe-global",
        f"ProgrammingError: {evidence[0]}" if evidence else f"{name}.cursor() on another thread raises no exception",
        place,
        name=name,
        type="sqlite3.Connection",
        why=(
            "sqlite3: with check_same_thread=True, a connection raises ProgrammingError on every thread except its own"
            if evidence
            else "check_same_thread=False: the threads share one transaction, so commit() in one request "
            "also commits unfinished changes of another request"
        ),
        remedy="connect in each request, or keep one connection for each thread",
        bound=bool(evidence),
    )
