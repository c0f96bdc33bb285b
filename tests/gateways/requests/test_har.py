"""Recordings from the developer tools of browsers."""

import base64
import json
from typing import Any

import pytest

from gateways.failure import Failure
from gateways.requests.har import read


def entry(method: str = "GET", url: str = "http://shop.example/", **more: Any) -> dict[str, Any]:
    return {"request": {"method": method, "url": url, "headers": [], **more}, "response": {"status": 200}}


def har(*entries: Any) -> str:
    return json.dumps({"log": {"version": "1.2", "entries": entries}}, indent=1)


def form(text: str, **more: Any) -> dict[str, Any]:
    return {"mimeType": "application/x-www-form-urlencoded", "text": text, **more}


def test_requests_keep_the_apps_data_and_lose_connection_headers() -> None:
    names = [":method", "Host", "Connection", "Content-Length", "Accept", "Cookie", "Transfer-Encoding"]
    headers = [{"name": name, "value": "1"} for name in names]
    given = entry("POST", "http://shop.example/a?b=c#d", headers=headers, postData=form("x=é"), bodySize=4)
    traffic = read(har(given), "x.har")
    (request,) = traffic.requests
    assert (request.method, request.target, request.body) == ("POST", "/a?b=c", "x=é".encode())
    assert request.headers == (("Accept", "1"), ("Cookie", "1"))
    assert (request.recorded, request.origin, traffic.host) == (200, "x.har, entry 1", "shop.example")


def test_the_host_with_the_most_requests_is_replayed_and_the_others_are_reported() -> None:
    traffic = read(har(entry(url="https://cdn.example/x.js"), entry(), entry(url="http://shop.example/b")), "x")
    assert [each.target for each in traffic.requests] == ["/", "/b"]
    (out,) = traffic.left_out
    assert (out.where, out.what) == ("x, entry 1", "GET https://cdn.example/x.js")
    assert out.why == "it is for a host other than shop.example"


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (entry(url="ws://shop.example/ws"), "a WebSocket is not replayed"),
        ({**entry(url="http://shop.example/ws"), "_webSocketMessages": []}, "a WebSocket is not replayed"),
        (entry(url="data:text/plain,x"), "the browser handles data: URLs itself"),
        (entry(url="/relative"), "its URL has no host"),
        (entry("CONNECT", "https://shop.example"), "a CONNECT opens a tunnel through a proxy"),
        (
            {**entry(url="http://shop.example/ad"), "response": {"status": 0, "_error": "net::ERR_BLOCKED_BY_CLIENT"}},
            "the browser blocked it",
        ),
        (
            entry("POST", postData={"mimeType": "application/json", "params": [], "_file": "x.json"}, bodySize=-1),
            "the recording does not contain its body",
        ),
        (entry("POST", bodySize=3), "the recording does not contain its body"),
        (
            entry("POST", bodySize=0, headers=[{"name": "Content-Length", "value": "1424"}]),
            "the recording does not contain its body",
        ),
        (
            entry("PUT", postData=form(""), bodySize=0, headers=[{"name": "transfer-encoding", "value": "chunked"}]),
            "the recording does not contain its body",
        ),
        (entry("POST", postData={"mimeType": "multipart/form-data", "params": [{}]}), "does not contain its body"),
        (entry("POST", postData=form("x=1"), bodySize=30), "has 3 bytes of a body of 30"),
        (
            entry("POST", postData={"mimeType": "multipart/form-data; boundary=x", "text": 'filename="a"'}),
            "does not contain the files of its body",
        ),
    ],
)
def test_entries_that_cannot_be_replayed_are_omitted_with_the_reason(given: dict[str, Any], why: str) -> None:
    traffic = read(har(entry(), given), "x")
    assert [each.target for each in traffic.requests] == ["/"]
    assert why in traffic.left_out[0].why


@pytest.mark.parametrize(
    ("data", "size", "body"),
    [
        (form("x=ÿ"), 3, b"x=\xff"),
        (form("x=1"), -1, b"x=1"),
        ({**form(base64.b64encode(b"\x00\xff").decode()), "encoding": "base64"}, 2, b"\x00\xff"),
        ({"mimeType": "application/x-www-form-urlencoded", "params": [{"name": "a b", "value": "&"}]}, -1, b"a+b=%26"),
        (form(""), 0, b""),
    ],
)
def test_a_body_has_the_octets_that_were_sent(data: dict[str, Any], size: int, body: bytes) -> None:
    assert read(har(entry("POST", postData=data, bodySize=size)), "x").requests[0].body == body


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"log":\n {"entries": [}', "x, line 2: not JSON"),
        (har(entry())[:-9], "x, line 14: not JSON (Expecting ',' delimiter at column 5; the text ends too early)"),
        (har(entry())[:27], "x, line 3: not JSON (Unterminated string starting at column 14; the text ends too early)"),
        (har(entry(headers=1)), "x, entry 1: request.headers is 1; it must be a list"),
        (
            har(entry("POST", postData={**form(""), "params": ["a"]})),
            "x, entry 1: request.postData.params is ['a']; each item must be an object",
        ),
        (har(entry("POST", postData={"params": 1})), "x, entry 1: request.postData.params is 1; it must be a list"),
        (har(entry(headers=[1])), "x, entry 1: 1 in request.headers is not an object"),
        (har(entry(cookies=1)), "x, entry 1: request.cookies is 1; it must be a list"),
        ("{}", "x: not a HAR file"),
        ('{"log": {"entries": [1]}}', "x, entry 1: request.url is missing"),
        (har(entry(), entry(url="http://a:b/")), "x, entry 2: the URL 'http://a:b/' is not valid"),
        (har(entry(method="G T")), "x, entry 1: 'G T' is not a method"),
        (har(entry(headers=[{"name": "A", "value": "\n"}])), "x, entry 1: the value of the header A contains"),
    ],
)
def test_an_invalid_file_is_refused_with_the_place_of_the_error(text: str, said: str) -> None:
    with pytest.raises(Failure) as caught:
        read(text, "x")
    assert str(caught.value).startswith(said)


@pytest.mark.parametrize("given", [{"headers": None, "cookies": None, "postData": None}, {}])
def test_a_value_that_a_recorder_leaves_empty_is_absent(given: dict[str, Any]) -> None:
    for response in (None, 1, {"headers": 1, "content": 1}):
        (request,) = read(har({**entry(**given), "response": response}), "x").requests
        assert (request.headers, request.body, request.recorded) == ((), None, None)


def test_cookies_that_are_only_in_the_list_are_sent() -> None:
    listed: dict[str, Any] = {"cookies": [{"name": "a", "value": "1"}, {"name": "b", "value": "2"}]}
    (request,) = read(har(entry(**listed)), "x").requests
    assert request.header("cookie") == "a=1; b=2"
    (request,) = read(har(entry(headers=[{"name": "Cookie", "value": "c=3"}], **listed)), "x").requests
    assert request.header("cookie") == "c=3"


@pytest.mark.parametrize(
    ("given", "same"),
    [
        ("https://shop.example/", "https://shop.example:443/"),
        ("http://shop.example/", "http://SHOP.example:80/"),
        ("http://shop.example:8000/", "http://user:password@Shop.Example:8000/"),
    ],
)
def test_hosts_that_differ_only_in_case_and_default_port_are_the_same(given: str, same: str) -> None:
    """RFC 9110, 4.2.3."""
    traffic = read(har(entry(url=given), entry(url=same)), "x")
    assert (len(traffic.requests), traffic.left_out) == (2, ())


def test_an_aborted_request_is_sent_because_the_server_received_it() -> None:
    aborted = {**entry(), "response": {"status": 0, "_error": "net::ERR_ABORTED"}}
    (request,) = read(har(aborted), "x").requests
    assert request.recorded is None


def test_a_header_value_that_a_recorder_decoded_is_sent_with_its_octets() -> None:
    (request,) = read(har(entry(headers=[{"name": "X-Name", "value": "\u0142\u00f3d\u017a"}])), "x").requests
    assert request.headers[0][1].encode("latin-1") == "\u0142\u00f3d\u017a".encode()
