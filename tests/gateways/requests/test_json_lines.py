"""The project's own file of requests."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateways.failure import Failure
from gateways.requests.json_lines import read, write
from gateways.requests.request import Request, Take
from gateways.requests.traffic import Traffic


def no_file(name: str) -> bytes:
    raise FileNotFoundError(2, "No such file or directory", name)


def lines(*entries: object) -> str:
    return "".join(f"{json.dumps(each)}\n" for each in entries)


def test_only_a_path_is_required() -> None:
    (request,) = read('{"path": "/"}\n\n', "x.jsonl", no_file).requests
    assert request == Request("GET", "/", origin="x.jsonl, line 1")


def test_every_field_is_read() -> None:
    text = lines(
        {"gateways-requests": 1, "host": "shop.example"},
        {"path": "/in", "login": True, "take": {"csrf": {"regex": "csrf=(.+)"}}},
        {
            "method": "put", "path": "/ü?x=1", "headers": [["A", "1"], ["A", "2"]], "body": "a=${csrf}", "weight": 2,
            "expect": 201, "recorded": 200, "name": "put it",
        },
        {"path": "/j", "json": {"a": "é"}, "headers": {"Accept": "x"}},
    )  # fmt: skip
    traffic = read(text, "x", no_file)
    assert (traffic.host, traffic.notes) == ("shop.example", ())
    assert traffic.login == (Request("GET", "/in", takes=(Take("csrf", "regex", "csrf=(.+)"),), origin="x, line 2"),)
    form = ("Content-Type", "application/x-www-form-urlencoded")
    put, posted = traffic.requests
    assert put == Request(
        "PUT", "/%C3%BC?x=1", (("A", "1"), ("A", "2"), form), b"a=${csrf}", 2.0, 201, 200, (), "put it", "x, line 3"
    )
    assert (posted.method, posted.body) == ("POST", '{"a": "é"}'.encode())
    assert posted.headers == (("Accept", "x"), ("Content-Type", "application/json"))


def test_bodies_may_be_base64_or_in_a_file() -> None:
    text = lines({"path": "/", "body_base64": "AP8="}, {"path": "/", "body_file": "a.bin", "method": "PUT"})
    first, second = read(text, "x", lambda name: name.encode()).requests
    assert (first.body, second.body, second.method) == (b"\x00\xff", b"a.bin", "PUT")
    assert first.header("content-type") == "application/octet-stream"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('{"path": "/"', r"line 2: not JSON \(.*column"),
        ("[1]", "line 2: got '\\[1\\]'; each line must be a JSON object"),
        ('{"gateways-requests": 2}', "unknown version 2 of the format; expected 1"),
        ('{"gateways-requests": true}', "unknown version True of the format; expected 1"),
        ('{"path": "/", "path": "/b"}', "the name 'path' is repeated in an object"),
        ('{"path": "/", "headers": {"X-Tag": "a", "X-Tag": "b"}}', "the name 'X-Tag' is repeated.* as a list"),
        ("{}", "'path' is missing"),
        ('{"path": 1}', "'path' is 1; it must be a string"),
        ('{"path": "x"}', "does not begin with a slash"),
        ('{"path": "/", "pat": 1}', "unknown field 'pat'; known fields: method, path"),
        ('{"path": "/", "method": "G T"}', "not a method"),
        ('{"path": "/", "headers": {"A": 1}}', "value of the header A is 1"),
        ('{"path": "/", "headers": ["A"]}', "not a pair"),
        ('{"path": "/", "headers": "A"}', "must be an object or a list"),
        ('{"path": "/", "body": "a", "json": 1}', "both 'body' and 'json'"),
        ('{"path": "/", "body": 1}', "'body' is 1"),
        ('{"path": "/", "body_base64": "!"}', "not base64"),
        ('{"path": "/", "body_file": "gone"}', "No such file"),
        ('{"path": "/", "weight": 0}', "'weight' is 0; it must be a finite number above 0"),
        ('{"path": "/", "weight": true}', "'weight' is True"),
        ('{"path": "/", "expect": "200"}', "'expect' is '200'; it must be an int from 100 to 599"),
        ('{"path": "/", "login": 1}', "must be true or false"),
        ('{"path": "/", "name": 1}', "'name' is 1"),
        ('{"path": "/", "take": []}', "'take' is"),
        ('{"path": "/", "take": {"a b": {"header": "x"}}}', "is not a valid name"),
        ('{"path": "/", "take": {"a": {"xpath": "x"}}}', "must be one of regex, header, json, cookie"),
        ('{"path": "/", "take": {"a": {"regex": "("}}}', "not a regular expression"),
        ('{"path": "/", "take": {"a": {"json": "x"}}}', "e.g. '/x'"),
        ('{"path": "/", "take": {"a": {"header": 1}}}', "1 is not a string"),
    ],
)
def test_an_invalid_line_is_reported_with_the_error(line: str, said: str) -> None:
    with pytest.raises(Failure, match=said) as caught:
        read(f'{{"path": "/"}}\n{line}\n', "shop.jsonl", no_file)
    assert str(caught.value).startswith("shop.jsonl, line 2: ")


def test_a_placeholder_without_a_value_is_reported() -> None:
    traffic = read(lines({"path": "/${token}"}, {"path": "/", "take": {"token": {"header": "x"}}}), "x", no_file)
    assert traffic.notes == ("x, line 1: ${token} is sent unchanged: no earlier request takes a value of that name",)


TEXT = st.text(st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f"))
REQUESTS = st.builds(
    Request,
    method=st.sampled_from(["GET", "POST", "PROPFIND"]),
    target=st.sampled_from(["/", "/a?b=%20c", "/${x}"]),
    headers=st.lists(st.tuples(st.sampled_from(["A", "a", "Content-Type"]), TEXT)).map(tuple),
    body=st.none() | st.binary() | st.text().map(str.encode),
    weight=st.sampled_from([1.0, 0.5, 7.0]),
    expect=st.none() | st.integers(100, 599),
    recorded=st.none() | st.integers(100, 599),
    takes=st.lists(st.builds(Take, name=st.just("x"), source=st.just("header"), argument=TEXT), max_size=1).map(tuple),
    name=st.text(),
)


@given(st.lists(REQUESTS), st.lists(REQUESTS), st.none() | st.just("a:80"))
def test_written_requests_are_read_unchanged(requests: list[Request], login: list[Request], host: str | None) -> None:
    requests, login = ([_with_kind(each) for each in group] for group in (requests, login))
    read_back = read(write(Traffic(tuple(requests), tuple(login), host=host)), "x", no_file)
    assert [_without_origin(each) for each in read_back.requests] == requests
    assert [_without_origin(each) for each in read_back.login] == login
    assert read_back.host == host


def _with_kind(request: Request) -> Request:
    """Return the request with the default Content-Type of its body."""
    from dataclasses import replace

    if request.body is None or request.header("content-type") is not None:
        return request
    return replace(request, headers=(*request.headers, ("Content-Type", "text/plain")))


def _without_origin(request: Request) -> Request:
    from dataclasses import replace

    return replace(request, origin="")


def test_a_value_may_be_within_a_header() -> None:
    text = lines({"path": "/a", "take": {"code": {"header": "Location", "regex": "code=([^&]+)"}}})
    (request,) = read(text, "x", no_file).requests
    assert request.takes == (Take("code", "header", "Location", "code=([^&]+)"),)
    assert read(write(Traffic((request,))), "x", no_file).requests[0].takes == request.takes
    for wrong in (
        {"header": "Location", "regex": "("},
        {"header": "Location", "regex": 1},
        {"header": "A", "json": "/a"},
    ):
        with pytest.raises(Failure, match="'take' of 'code'"):
            read(lines({"path": "/a", "take": {"code": wrong}}), "x", no_file)
