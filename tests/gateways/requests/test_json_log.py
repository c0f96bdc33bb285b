"""Requests in access logs whose lines are JSON objects."""

import json
from pathlib import Path
from typing import Any

import pytest

from gateways.failure import Failure
from gateways.requests.read import kind_of, read

CADDY = {"level": "info", "ts": 1646861401.5, "logger": "http.log.access", "msg": "handled request", "request": {
    "remote_ip": "127.0.0.1", "proto": "HTTP/2.0", "method": "GET", "host": "shop", "uri": "/a?x=1", "headers": {
        "Accept": ["text/html"], "Cookie": ["REDACTED"], "Connection": ["close"], "User-Agent": ["curl/8"]}},
    "duration": 0.0009, "size": 10900, "status": 200, "resp_headers": {"Server": ["Caddy"]}}  # fmt: skip
LINES: dict[str, dict[str, Any]] = {
    "Caddy": CADDY,
    "Traefik": {"DownstreamStatus": 200, "OriginStatus": 502, "RequestHost": "shop", "RequestMethod": "GET",
                "RequestPath": "/a?x=1", "msg": "", "request_User-Agent": "curl/8"},
    "nginx, with the request line": {"remote_addr": "::1", "request": "GET /a?x=1 HTTP/1.1", "status": "200",
                                     "http_referer": "-", "http_user_agent": "curl/8"},
    "nginx, with method and target": {"request_method": "GET", "request_uri": "/a?x=1", "uri": "/index.php",
                                      "status": 200, "http_user_agent": "curl/8"},
    "Envoy": {"method": "GET", "path": "/b", "x-envoy-original-path": "/a?x=1", "response_code": 200,
              "user_agent": "curl/8"},
    "Elastic Common Schema": {"http": {"request": {"method": "GET"}, "response": {"status_code": 200}},
                              "url": {"path": "/a", "query": "x=1"}, "user_agent": {"original": "curl/8"}},
    "Google Cloud": {"httpRequest": {"requestMethod": "GET", "requestUrl": "https://shop/a?x=1", "status": 200,
                                     "userAgent": "curl/8"}},
    "pino": {"req": {"method": "GET", "url": "/a?x=1"}, "res": {"statusCode": 200}, "userAgent": "curl/8"},
    "Docker": {"log": '::1 - - [30/Nov/2026:07:04:33 +0000] "GET /a?x=1 HTTP/1.1" 200 9 "-" "curl/8"\n',
               "stream": "stdout", "time": "2026-11-30T07:04:33Z"},
}  # fmt: skip


def saved(folder: Path, *lines: object) -> Path:
    file = folder / "x.log"
    file.write_bytes(
        b"".join((line if isinstance(line, bytes) else json.dumps(line).encode()) + b"\n" for line in lines)
    )
    return file


@pytest.mark.parametrize("line", LINES.values(), ids=LINES)
def test_the_request_is_found_by_the_names_of_the_fields(line: dict[str, Any], tmp_path: Path) -> None:
    traffic = read(saved(tmp_path, {"level": "info", "msg": "started"}, line))
    (request,) = traffic.requests
    assert (request.method, request.target, request.recorded, request.origin) == ("GET", "/a?x=1", 200, "x.log, line 2")
    assert request.header("User-Agent") == "curl/8"
    assert [each.where for each in traffic.left_out] == ["x.log, line 1"]


def test_the_headers_that_caddy_logs_are_sent_without_secrets_and_headers_of_the_connection(tmp_path: Path) -> None:
    traffic = read(saved(tmp_path, CADDY, CADDY))
    assert traffic.requests[0].headers == (("Accept", "text/html"), ("User-Agent", "curl/8"))
    assert traffic.notes == ("x.log: 2 lines are JSON objects; the requests were found by the names of the fields",)


def test_a_container_may_write_a_prefix_before_the_object(tmp_path: Path) -> None:
    prefixed = b"web-1  | " + json.dumps(CADDY).encode()
    assert len(read(saved(tmp_path, prefixed)).requests) == 1


@pytest.mark.parametrize(
    ("target", "sent"),
    [
        (b"/caf\xc3\xa9", "/caf%C3%A9"),
        (b"/caf\xe9", "/caf%E9"),
        (rb"/caf\u00e9", "/caf%C3%A9"),
        (rb"/\ud83d\ude00", "/%F0%9F%98%80"),
        (rb"/caf\xE9", "/caf%E9"),
        (rb"/\xc3\xa9\x41", "/%C3%A9A"),
        (rb"/\\x41", "/\\x41"),
        (rb"/\udc80", "/%80"),
    ],
)
def test_a_target_keeps_the_octets_of_the_client(target: bytes, sent: str, tmp_path: Path) -> None:
    line = b'{"request_method": "GET", "request_uri": "%b", "status": 200}' % target
    assert [each.target for each in read(saved(tmp_path, line)).requests] == [sent]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"method": "POST"}, "an access log does not contain the body of a POST"),
        ({"uri": "*"}, "the target of a GET is not a path"),
        ({"headers": {"X-A": ["a\nb"]}}, "its X-A cannot be sent"),
    ],
)
def test_a_line_that_cannot_be_replayed_is_reported(change: dict[str, Any], why: str, tmp_path: Path) -> None:
    unfit = {**CADDY, "request": {**CADDY["request"], **change}}  # type: ignore[dict-item]
    traffic = read(saved(tmp_path, CADDY, unfit))
    assert [(each.where, each.why) for each in traffic.left_out] == [("x.log, line 2", why)]


def test_a_mistake_in_json_lines_is_still_reported_as_such(tmp_path: Path) -> None:
    for lines in (
        [{"path": "/", "status": 200}],
        [{"gateways-requests": 1}, {"path": "/", "method": "GET", "status": 1}],
    ):
        with pytest.raises(Failure, match="unknown field 'status'"):
            read(saved(tmp_path, *lines))


def test_objects_that_are_no_requests_are_not_an_access_log() -> None:
    assert kind_of('{"event": "started", "method": "GET", "path": "/a"}') == "json lines"
