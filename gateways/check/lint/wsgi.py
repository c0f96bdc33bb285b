"""Use wsgiref.validate as a lint. Each failed assertion becomes a breach, with the frame that contains the
assertion.

The rules of wsgiref.validate about Content-Type are left out, because PEP 3333 does not have them. RFC 9110 (8.3,
15.3.5) allows a body without Content-Type, and a Content-Type without a body.
"""

import sys
import warnings
from collections.abc import Callable
from types import FrameType
from typing import Any
from wsgiref import validate

from gateways.check.lint.breach import Breach

SECTIONS = (
    ("environ", "environ Variables"),
    ("status", "The start_response() Callable"),
    ("header", "The start_response() Callable"),
    ("exc_info", "Error Handling"),
    ("start_response", "The start_response() Callable"),
    ("write", "The write() Callable"),
    ("iterator", "Buffering and Streaming"),
    ("read", "Input and Error Streams"),
    ("closed", "Specification Details"),
)
"""Pairs of a word in an assertion's text and a section of PEP 3333."""

Report = Callable[[Breach, FrameType], None]


def validated(app: Any, report: Report) -> Any:
    """Return the app wrapped by wsgiref.validate. `report` is called with each breach and its frame."""

    def assert_(condition: Any, *arguments: Any) -> None:
        if condition:
            return
        frame = sys._getframe(1)  # noqa: SLF001 - the caller
        function = frame.f_code.co_name
        message = (
            str(arguments[0])
            if arguments
            else f"{function}() of wsgi.input or wsgi.errors was called with wrong arguments"
        )
        report(_breach(message, function), frame)
        raise AssertionError(*arguments)

    module: Any = validate
    module.assert_ = assert_
    module.check_content_type = lambda status, headers: None
    inner = validate.validator(app)

    def called(environ: dict[str, Any], start_response: Any) -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", validate.WSGIWarning)
            return inner(environ, start_response)

    return called


def _breach(message: str, function: str) -> Breach:
    text = f"{message} {function}".lower()
    section = next((section for word, section in SECTIONS if word in text), "Specification Details")
    return Breach(
        message,
        f"PEP 3333, {section}; wsgiref.validate reported this",
        "correct the call as that section describes, until wsgiref.validate reports nothing",
    )
