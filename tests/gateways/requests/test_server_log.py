"""Requests in the default log lines of Python servers, of load balancers and of proxies."""

from pathlib import Path

import pytest

from gateways.requests.access_log import read
from gateways.requests.read import read as read_file
from gateways.requests.server_log import logged

REQUEST = "GET /a?b=%20"
DAY = "30/Nov/2026:07:04:33"
HYPERCORN = f"[2026-11-30 07:04:33 +0000] [15] [INFO] 127.0.0.1:1 - - [{DAY}]"
LINES = {
    "uvicorn": f'INFO:     127.0.0.1:39122 - "{REQUEST} HTTP/1.1" 200 OK',
    "uvicorn in colours": f'\x1b[32mINFO\x1b[0m:     ::1:1 - "\x1b[1m{REQUEST} HTTP/1.1\x1b[0m" \x1b[32m200 OK\x1b[0m',
    "hypercorn": f'{HYPERCORN} "{REQUEST} 1.1" 200 9 "-" "-"',
    "hypercorn with HTTP/2": f'{HYPERCORN} "{REQUEST} 2" 200 9 "-" "-"',
    "granian": f'[2026-11-30 07:04:32 +0000] 127.0.0.1 - "{REQUEST} HTTP/1.1" 200 10.143',
    "daphne": f'127.0.0.1:41210 - - [{DAY}] "{REQUEST}" 200 9',
    "Werkzeug": f'127.0.0.1 - - [30/Nov/2026 07:04:33] "{REQUEST} HTTP/1.1" 200 -',
    "Django's runserver": f'[30/Nov/2026 07:04:33] "{REQUEST} HTTP/1.1" 200 12',
    "uWSGI": "[pid: 1|app: 0|req: 1/1] 127.0.0.1 () {28 vars in 301 bytes} [Mon Nov 30 07:04:33 2026] "
    f"{REQUEST} => generated 9 bytes in 1 msecs (HTTP/1.1 200) 2 headers in 78 bytes (1 switches on core 0)",
    "HAProxy": "Feb  6 12:14:14 localhost haproxy[14389]: 10.0.1.2:33317 [06/Feb/2009:12:14:14.655] http-in "
    f'static/srv1 10/0/30/69/109 200 2750 - - ---- 1/1/1/1/0 0/0 {{shop}} {{}} "{REQUEST} HTTP/1.1"',
    "AWS Application Load Balancer": "h2 2026-11-30T07:04:33.186641Z app/lb/50dc6c49 10.0.0.9:2817 10.0.0.1:80 0.000 "
    f'0.001 0.000 200 200 34 366 "{REQUEST.replace("/a", "http://shop:80/a")} HTTP/2.0" "" - - arn:aws:x "Root=1" '
    '"-" "-" 0 2026-11-30T07:04:33.364000Z "forward" "-" "-" "10.0.0.1:80" "200" "-" "-"',
    "AWS Classic Load Balancer": "2026-11-30T07:04:33.945958Z lb 10.0.0.9:2817 10.0.0.1:80 0.000073 0.001048 0.000057 "
    f'200 - 0 29 "{REQUEST.replace("/a", "http://shop:80/a")} HTTP/1.1" "" - -',
    "Envoy": f'[2026-11-30T07:04:33.310Z] "{REQUEST} HTTP/2" 200 - 154 0 226 100 "10.0.35.28" "x" "cc21d9b0"',
}  # fmt: skip


@pytest.mark.parametrize("line", LINES.values(), ids=LINES)
def test_the_request_in_a_line_of_a_server_is_found(line: str) -> None:
    traffic = read(["Started server process [15]", line], "x.log")
    (request,) = traffic.requests
    assert (request.method, request.target, request.recorded, request.origin) == (
        "GET",
        "/a?b=%20",
        200,
        "x.log, line 2",
    )
    assert [each.where for each in traffic.left_out] == ["x.log, line 1"]
    assert "1 line is in a format other than combined" in traffic.notes[0]


@pytest.mark.parametrize("line", LINES.values(), ids=LINES)
def test_a_file_may_begin_with_the_line_of_a_server(line: str, tmp_path: Path) -> None:
    """The lines of several servers begin with a bracket, like some JSON files."""
    (tmp_path / "x.log").write_text(line)
    assert [each.target for each in read_file(tmp_path / "x.log").requests] == ["/a?b=%20"]


def test_the_user_agent_in_the_line_of_a_load_balancer_is_sent() -> None:
    line = LINES["AWS Application Load Balancer"].replace('" "" -', r'" "a \x22b\x22" -')
    assert read([line], "x").requests[0].headers == (("User-Agent", 'a "b"'),)


def test_a_format_with_more_fields_than_combined_keeps_referer_and_user_agent() -> None:
    line = r'::1 - - [30/Nov/2026:07:04:33 +0000] "GET /\xC3\xA9 HTTP/1.1" 200 9 "http://shop/" "a \"b\"" "10.0.0.1"'
    (request,) = read([line], "x").requests
    assert request.target == "/%C3%A9"
    assert request.headers == (("Referer", "http://shop/"), ("User-Agent", 'a "b"'))


@pytest.mark.parametrize(
    "line",
    [
        'DEBUG:urllib3.connectionpool:https://api.example:443 "GET /v1 HTTP/1.1" 200 12',
        'INFO:httpx:HTTP Request: GET https://api.example/v1 "HTTP/1.1 200 OK"',
        'the user wrote "GET OUT" 12 times',
    ],
)
def test_a_logged_request_of_the_apps_own_http_client_is_ignored(line: str) -> None:
    assert logged(line) is None


def test_a_line_of_a_server_that_cannot_be_replayed_is_reported() -> None:
    upload = LINES["uvicorn"].replace("GET", "POST")
    traffic = read([LINES["uvicorn"], upload], "x")
    assert len(traffic.requests) == 1
    assert [(each.where, each.what) for each in traffic.left_out] == [("x, line 2", upload)]


@pytest.mark.timeout(10)
def test_a_long_number_in_a_line_costs_no_time() -> None:
    assert logged(f"GET /{'1' * 200_000}") is None
