"""Access logs: known formats, the user's own formats, and lines that cannot be replayed."""

import cProfile

import pytest

from gateways.failure import Failure
from gateways.requests.access_log import read

WHEN = "[10/Oct/2026:13:55:36 +0000]"
COMMON = f'127.0.0.1 - - {WHEN} "%s" 200 5\n'
COMBINED = f'::1 - bob {WHEN} "%s" 304 - "http://shop/" "curl/8"\n'


def test_common_and_combined_formats_are_detected_from_the_lines() -> None:
    traffic = read((COMMON % "GET /a HTTP/1.1" + COMBINED % "HEAD /b?c=%20 HTTP/2.0" + "\n").split("\n"), "x.log")
    first, second = traffic.requests
    assert (first.method, first.target, first.headers, first.recorded) == ("GET", "/a", (), 200)
    assert (second.method, second.target, second.recorded, second.origin) == ("HEAD", "/b?c=%20", 304, "x.log, line 2")
    assert second.headers == (("Referer", "http://shop/"), ("User-Agent", "curl/8"))
    assert traffic.left_out == ()


@pytest.mark.parametrize(
    ("line", "target"),
    [
        (r"GET /caf\xc3\xa9 HTTP/1.1", "/caf%C3%A9"),
        ("GET /café HTTP/1.1".encode().decode("latin-1"), "/caf%C3%A9"),
        (r"GET /\xff HTTP/1.1", "/%FF"),
        (r"GET /\x41\x74\x22\x5c\x0a\n HTTP/1.1", "/At%22\\%0A%0A"),
        (r"GET /\\xff HTTP/1.1", r"/\xff"),
        (r"GET /?q=\"x\" HTTP/1.1", "/?q=%22x%22"),
        ("GET http://shop/a?b HTTP/1.1", "/a?b"),
        ("GET http://shop HTTP/1.0", "/"),
    ],
)
def test_a_target_keeps_the_octets_of_the_log(line: str, target: str) -> None:
    assert read([(COMMON % line).rstrip("\n")], "x").requests[0].target == target


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (COMMON % "POST /a HTTP/1.1", "an access log does not contain the body of a POST"),
        (COMMON % "REPORT /a HTTP/1.1", "an access log does not contain the body of a REPORT"),
        (COMMON % r"\x16\x03\x01", "it is not an HTTP request"),
        (COMMON % "-", "it is not an HTTP request"),
        (COMMON % "", "it is not an HTTP request"),
        (COMMON % "GET http://[::1/ HTTP/1.1", "its target is not a valid URL"),
        (COMMON % "OPTIONS * HTTP/1.1", "the target of a OPTIONS is not a path"),
        (COMMON % "CONNECT a:1 HTTP/1.1", "the target of a CONNECT is not a path"),
        ("half a li\n", "not a line of the log's format"),
    ],
)
def test_a_line_that_cannot_be_replayed_is_omitted_with_the_reason(line: str, why: str) -> None:
    traffic = read((COMMON % "GET / HTTP/1.1" + line).split("\n"), "x")
    assert [each.target for each in traffic.requests] == ["/"]
    assert [(each.where, each.why) for each in traffic.left_out] == [("x, line 2", why)]


@pytest.mark.parametrize("log_format", [None, "common", '%h %l %u %t "%r" %>s %b'])
def test_a_line_in_a_known_format_needs_few_calls(log_format: str | None) -> None:
    lines = [
        f'10.0.0.{number % 256} - - {WHEN} "GET /item/{number % 50} HTTP/1.1" 200 {number}' for number in range(500)
    ]
    calls = {}
    for count in (100, 500):
        profile = cProfile.Profile()
        profile.runcall(read, lines[:count], "x", log_format)
        calls[count] = sum(each.callcount for each in profile.getstats())
    assert (calls[500] - calls[100]) / 400 < 40


def test_requests_with_equal_texts_share_them() -> None:
    first, second = read([(COMBINED % "GET /caf%C3%A9 HTTP/1.1").rstrip("\n")] * 2, "x").requests
    assert (first.target, first.headers) == (second.target, second.headers)
    assert first.target is second.target
    assert first.headers is second.headers


@pytest.mark.parametrize(
    ("host", "user", "status", "recorded"),
    [("2001:db8::1", "-", "200", 200), ("shop", "ada lovelace", "-", None), ("a", '""', "404", 404),
     ("a", r"a\"b", "200", 200)],
)  # fmt: skip
@pytest.mark.parametrize("log_format", [None, "common"])
def test_each_field_may_have_any_value_of_its_format(
    host: str, user: str, status: str, recorded: int | None, log_format: str | None
) -> None:
    line = f'{host} - {user} {WHEN} "GET / HTTP/1.1" {status} -'
    assert [each.recorded for each in read([line], "x", log_format).requests] == [recorded]


def test_a_format_may_be_a_name_or_an_apache_format() -> None:
    assert read([(COMBINED % "GET / HTTP/1.1").rstrip("\n")], "x", "combined").requests
    custom = read(["200 GET /a ?b=1 curl"], "x", "%>s %m %U %q %{User-Agent}i").requests[0]
    assert (custom.method, custom.target, custom.recorded) == ("GET", "/a?b=1", 200)
    assert custom.headers == (("User-Agent", "curl"),)


@pytest.mark.parametrize(
    ("text", "form", "said"),
    [
        (
            "#Software: Microsoft Internet Information Services 10.0\n#Fields: date time",
            None,
            "x, line 1: the W3C format (of IIS and CloudFront) is not supported",
        ),
        ("nonsense\n", None, "x, line 1: 'nonsense' is not a line in a known format (combined, common"),
        (COMMON % "GET / HTTP/1.1", "combined", "is not a line in the format 'combined'"),
        ("x", "%r %J", "the log format '%r %J' is not valid"),
        ("x", "%h %>s", "has neither %r nor %U"),
        (
            "x",
            "combine",
            "'combine' has neither %r nor %U, so it does not contain the request target; names of formats: ",
        ),
    ],
)
def test_a_format_that_does_not_match_is_refused(text: str, form: str | None, said: str) -> None:
    with pytest.raises(Failure) as caught:
        read(text.split("\n"), "x", form)
    assert said in str(caught.value)


@pytest.mark.timeout(10)
@pytest.mark.parametrize("octet", [r"\xe2", "\xe2"])
def test_many_bytes_outside_ascii_in_a_line_of_another_format_cost_no_time(octet: str) -> None:
    traffic = read([*(COMMON % "GET / HTTP/1.1").split("\n"), f"{octet * 200} Traceback"], "x")
    assert (len(traffic.requests), len(traffic.left_out)) == (1, 1)
