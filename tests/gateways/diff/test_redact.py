"""Responses are compared with their secrets, but shown without the secrets."""

import json
from dataclasses import replace

import pytest

from gateways.diff.accepted import apply, read, write
from gateways.diff.document import to_json
from gateways.diff.judge import Found, Judged
from gateways.diff.page import render
from gateways.diff.redact import redacted
from gateways.diff.result import Result, SentRequest, Side, together
from gateways.diff.terminal import lines
from gateways.events.secrets import MASK, secrets_of

TOKEN = "s3cr3t-0123456789abcdef"
SECRETS = frozenset(
    secrets_of(
        [("Authorization", f"Bearer {TOKEN}"), ("Set-Cookie", f"session={TOKEN}; HttpOnly"), ("Cookie", "beta=true")]
    )
)


def result(*found: Found) -> Result:
    differences = together([[Judged(each, 2, 2) for each in found]])
    asked = (SentRequest("GET /", "", (200,), (200,)),)
    return Result(Side("old", "old"), Side("new", "new"), asked, tuple(differences), secrets=SECRETS)


def shown(made: Result) -> str:
    text = "\n".join(line.plain for line in lines(made))
    return text + json.dumps(to_json(made)) + render(made, "1")


@pytest.mark.parametrize(
    "found",
    [
        Found("cookie:session", TOKEN, "(absent)"),
        Found("cookie:pin", "", TOKEN),
        Found("header:x-api-key", TOKEN, "(absent)"),
        Found("header:location", f"/?t={TOKEN}", "/"),
        Found("trailers", f"cookie: {TOKEN}", "(absent)"),
        Found("body", TOKEN, "none", (f"-your token is {TOKEN}", "+none")),
        Found("body", "0123456789abcdef", "none"),
        Found("body", f"{TOKEN[:18]}…", "none"),
    ],
)
def test_no_secret_is_shown(found: Found) -> None:
    made = result(found)
    assert TOKEN[:18] in shown(made) or "0123456789" in shown(made)
    text = shown(redacted(made))
    assert "0123456789" not in text
    assert MASK in text
    assert len(redacted(made).counted) == len(made.counted) == 1


@pytest.mark.parametrize(
    "found",
    [
        Found("cookie:session;httponly", "set", "(absent)"),
        Found("cookie:session", "", "(absent)"),
        Found("body:/ok", "true", "false"),
        Found("body", "HttpOnly", "session"),
    ],
)
def test_other_values_are_shown(found: Found) -> None:
    assert redacted(result(found)) == result(found)


def test_the_example_of_a_secret_header_is_not_shown() -> None:
    made = result(Found("header:x-api-key", "several values", "(absent)", ("-pin42",)))
    assert "pin42" in shown(made)
    assert "pin42" not in shown(redacted(made))


def test_a_file_of_accepted_differences_has_no_secret_and_accepts_the_difference() -> None:
    made = result(Found("cookie:session", TOKEN, "(absent)"), Found("header:x-a", "1", "2"))
    text = write(made)
    assert TOKEN not in text
    assert [(each.old, each.new) for each in read(text, "x")] == [(None, "(absent)"), ("1", "2")]
    assert apply(made, read(text, "x")).counted == []
    assert (
        len(
            apply(
                replace(made, differences=tuple(together([[Judged(Found("cookie:other", "a", "b"), 1, 1)]]))),
                read(text, "x"),
            ).counted
        )
        == 1
    )
