"""The logger of CGI programs, "gateways.cgi", and the log lines of their stderr.

If a logging handler or filter raises, its line is lost. The exception is not raised to the caller: many lines are
logged while a program is being terminated, and the termination must not fail. Knows lines of text. It must not know
processes.
"""

from __future__ import annotations

import contextlib
import logging
import traceback

MAX_LINE, MAX_LOGGED = 2048, 64 * 1024  # limits for one program's stderr in bytes: per line, and in total


class SafeLogger:
    """A logger whose methods never raise. `lost` is the number of lines for which a handler or filter raised."""

    def __init__(self, logger: logging.Logger) -> None:
        self.lost = 0
        self._logger = logger

    def debug(self, message: str, *arguments: object) -> None:
        """Log at DEBUG."""
        self._log(logging.DEBUG, message, arguments)

    def info(self, message: str, *arguments: object) -> None:
        """Log at INFO."""
        self._log(logging.INFO, message, arguments)

    def warning(self, message: str, *arguments: object) -> None:
        """Log at WARNING."""
        self._log(logging.WARNING, message, arguments)

    def error(self, message: str, *arguments: object) -> None:
        """Log at ERROR."""
        self._log(logging.ERROR, message, arguments)

    def log(self, level: int, message: str, *arguments: object) -> None:
        """Log at `level`."""
        self._log(level, message, arguments)

    def _log(self, level: int, message: str, arguments: tuple[object, ...]) -> None:
        try:
            self._logger.log(level, message, *arguments, stacklevel=3)
        except Exception:
            self.lost += 1
            if logging.raiseExceptions and self.lost == 1:  # as logging.Handler.handleError does, but only once
                with contextlib.suppress(Exception):  # stderr itself may fail
                    traceback.print_exc()


log = SafeLogger(logging.getLogger("gateways.cgi"))


class StderrLog:
    """Logs a program's stderr line by line, up to the limits."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._line = b""
        self._left = MAX_LOGGED
        self._dropped = 0

    def feed(self, data: bytes) -> None:
        """Log the lines that these bytes complete, and an incomplete line that is longer than MAX_LINE."""
        lines = (self._line + data).split(b"\n")
        self._line = lines.pop()
        if len(self._line) > MAX_LINE:
            lines.append(self._line)
            self._line = b""
        for line in lines:
            self._write(line)

    def end(self) -> None:
        """Log an unfinished last line, and the number of bytes that were not logged."""
        self._write(self._line)
        self._line = b""
        if self._dropped:
            log.warning("%s: %d more bytes on stderr are not logged", self._name, self._dropped)
            self._dropped = 0

    def _write(self, line: bytes) -> None:
        if self._left <= 0:
            self._dropped += len(line)
        elif line.strip():
            self._left -= len(line)
            text = line[:MAX_LINE].decode("utf-8", "backslashreplace")
            log.warning("%s: %s", self._name, printable(text))


def printable(text: str) -> str:
    """Return the text with escapes for characters that could forge a log line or control a terminal."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() or char == "\t" else repr(char)[1:-1] for char in text)
