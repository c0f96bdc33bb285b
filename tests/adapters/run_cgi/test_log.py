"""The logger of CGI programs: a handler that raises loses only its line."""

import logging
from collections.abc import Iterator

import pytest

from gateways.adapters.run_cgi.log import SafeLogger, StderrLog, printable


class Breaks(logging.Filter):
    """A faulty filter. The module logging raises the filter's exception to the caller."""

    def filter(self, record: logging.LogRecord) -> bool:
        raise RuntimeError("no log today")


@pytest.fixture
def broken() -> Iterator[logging.Logger]:
    logger = logging.getLogger("gateways.test_log")
    breaks = Breaks()
    logger.addFilter(breaks)
    yield logger
    logger.removeFilter(breaks)


@pytest.mark.parametrize("method", ["debug", "info", "warning", "error"])
def test_no_method_raises_and_lost_lines_are_counted(broken: logging.Logger, method: str) -> None:
    broken.setLevel(logging.DEBUG)
    safe = SafeLogger(broken)
    getattr(safe, method)("%s", 1)
    safe.log(logging.ERROR, "%d", "not a number")
    assert safe.lost == 2


def test_a_line_names_the_module_that_logs(caplog: pytest.LogCaptureFixture) -> None:
    safe = SafeLogger(logging.getLogger("gateways.test_log"))
    safe.warning("first")
    safe.log(logging.WARNING, "second")
    assert {record.filename for record in caplog.records} == {"test_log.py"}


def test_stderr_is_logged_line_by_line_however_it_is_split(caplog: pytest.LogCaptureFixture) -> None:
    said = StderrLog("name")
    for octet in b"one\ntwo\n\nthree":
        said.feed(bytes([octet]))
    said.end()
    assert caplog.messages == ["name: one", "name: two", "name: three"]


def test_characters_that_forge_lines_or_control_a_terminal_are_escaped() -> None:
    assert printable("a\r\n\x1b[2Jb\tc") == "a\\r\\n\\x1b[2Jb\tc"
