"""Access logs: known formats, the user's own formats, and lines that cannot be replayed."""

import pytest

from gateways.failure import Failure
from gateways.requests.access_log import read

WHEN = "[10/Oct/2026:13:55:36 +0000]"
COMMON = f'127.0.0.1 - - {WHEN} "%s" 200 5\n'
COMBINED = f'::1 - bob {WHEN} "%s" 304 - "http://shop/" "curl/8"\n'


def test_common_and_combined_formats_are_detected_from_the_lines() -> None:
    traffic = read(COMMON % "GET /a HTTP/1.1" + COMBINED % "HEAD /b?c=%20 HTTP/2.0" + "\n", "x.log")
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
    assert read(COMMON % line, "x").requests[0].target == target


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (COMMON % "POST /a HTTP/1.1", "an access log does not contain the body of a POST"),
        (COMMON % r"\x16\x03\x01", "it is not an HTTP request"),
        (COMMON % "-", "it is not an HTTP request"),
        (COMMON % "OPTIONS * HTTP/1.1", "the target of a OPTIONS is not a path"),
        (COMMON % "CONNECT a:1 HTTP/1.1", "the target of a CONNECT is not a path"),
        ("half a li\n", "not a line of the log's format"),
    ],
)
def test_a_line_that_cannot_be_replayed_is_omitted_with_the_reason(line: str, why: str) -> None:
    traffic = read(COMMON % "GET / HTTP/1.1" + line, "x")
    assert [each.target for each in traffic.requests] == ["/"]
    assert [(each.where, each.why) for each in traffic.left_out] == [("x, line 2", why)]


def test_lines_may_have_the_line_ends_of_other_systems() -> None:
    for end in ("\r\n", "\r"):
        traffic = read((COMMON % "GET /a HTTP/1.1" + COMBINED % "GET /b HTTP/1.1").replace("\n", end), "x")
        assert [(each.target, each.origin) for each in traffic.requests] == [("/a", "x, line 1"), ("/b", "x, line 2")]


def test_a_format_may_be_a_name_or_an_apache_format() -> None:
    assert read(COMBINED % "GET / HTTP/1.1", "x", "combined").requests
    custom = read("200 GET /a ?b=1 curl\n", "x", "%>s %m %U %q %{User-Agent}i").requests[0]
    assert (custom.method, custom.target, custom.recorded) == ("GET", "/a?b=1", 200)
    assert custom.headers == (("User-Agent", "curl"),)


@pytest.mark.parametrize(
    ("text", "form", "said"),
    [
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
        read(text, "x", form)
    assert said in str(caught.value)


@pytest.mark.timeout(10)
@pytest.mark.parametrize("octet", [r"\xe2", "\xe2"])
def test_a_line_of_a_different_format_with_many_bytes_outside_ascii_is_read_quickly(octet: str) -> None:
    traffic = read(COMMON % "GET / HTTP/1.1" + f"{octet * 200} Traceback\n", "x")
    assert (len(traffic.requests), len(traffic.left_out)) == (1, 1)
