"""Differences, their facets, and noise."""

import gzip
import sys
import zlib
from typing import Any

import brotli
import pytest

from gateways.diff.answer import CLOSED, KEPT, REFUSED, RESET, Answer
from gateways.diff.judge import ABSENT, judge, noise
from tests.gateways.diff.making import answer

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

SAME = answer()
JSON = ("Content-Type", "application/json")


def named(olds: list[Answer], *news: Answer) -> dict[str, tuple[str, str]]:
    return {each.found.facet: (each.found.old, each.found.new) for each in judge(olds, news or [SAME])}


@pytest.mark.parametrize(
    ("old", "new", "facet", "values"),
    [
        (answer(), answer(status=500, reason="No"), "status", ("200 OK", "500 No")),
        (answer("a", ("X-A", "1")), answer("a"), "header:x-a", ("1", ABSENT)),
        (answer("a"), answer("a", ("X-A", "1")), "header:x-a", (ABSENT, "1")),
        (answer("a", ("X-A", "1")), answer("a", ("X-A", "2")), "header:x-a", ("1", "2")),
        (answer("a", ("X-A", "1"), ("X-A", "2")), answer("a", ("X-A", "1")), "header:x-a", ("1, 2", "1")),
        (
            answer("a", ("Set-Cookie", "s=1; Secure")), answer("a", ("Set-Cookie", "s=1")), "cookie:s;secure",
            ("set", ABSENT),
        ),
        (
            answer("a", ("Set-Cookie", "s=1; SameSite=Lax")),
            answer("a", ("Set-Cookie", "s=1; SameSite=None")),
            "cookie:s;samesite",
            ("Lax", "None"),
        ),
        (answer("a", ("Set-Cookie", "s=1; Path=/; Secure")), answer("a"), "cookie:s", ("1", ABSENT)),
        (answer("a"), answer("a", ("Set-Cookie", "s=1; Path=/; Secure")), "cookie:s", (ABSENT, "1")),
        (answer("a", ("Set-Cookie", "s=1")), answer("a", ("Set-Cookie", "s=2")), "cookie:s", ("1", "2")),
        (answer("hello"), answer("hello\n"), "body", (ABSENT, "\\n")),
        (answer("hello"), answer("hellp"), "body", ("hello", "hellp")),
        (answer('{"a": 1}', JSON), answer('{"a": 2}', JSON), "body:/a", ("1", "2")),
        (
            answer('{"a": 1}', JSON), answer('{"a":1}', JSON), "body",
            (": 1", ":1"),
        ),
        (answer(b"\x00a"), answer(b"\x00b"), "body", (
            "2 bytes, sha256 022a6979e6da…", "2 bytes, sha256 57eb35615d47…"
        )),
        (answer(), answer(framing="chunked"), "framing", ("Content-Length", "chunked")),
        (answer(interim=((103, ()),)), answer(), "interim", ("103", ABSENT)),
        (
            answer(interim=((103, (("Link", "</a>"),)),)), answer(interim=((103, (("link", "</b>"),)),)), "interim",
            ("103 link: </a>", "103 link: </b>"),
        ),
        (answer(trailers=(("X", "1"),)), answer(), "trailers", ("x: 1", ABSENT)),
        (answer(), answer(excess=2), "excess", (ABSENT, "bytes after the end of the response")),
        (answer(), answer(problem="cut"), "problem", ("200 OK", "200 OK: cut")),
        (answer(), Answer(problem="refused"), "problem", ("200 OK", "no response: refused")),
        (answer(), answer(reason="Fine"), "reason", ("OK", "Fine")),
        (answer("a", ("X-A", "1")), answer("a", ("x-a", "1")), "header-case", ("X-A", "x-a")),
        (
            answer("a", ("A", "1"), ("B", "1")), answer("a", ("B", "1"), ("A", "1")), "header-order",
            ("content-type, a, b", "content-type, b, a"),
        ),
        (
            answer("a", ("A", "1"), ("A", "2")), answer("a", ("A", "1, 2")), "header-repetition", ("2 × a", "1 × a"),
        ),
        (
            answer("a", ("Set-Cookie", "s=1"), ("Set-Cookie", "t=2")),
            answer("a", ("Set-Cookie", "t=2"), ("Set-Cookie", "s=1")), "cookie-order", ("s, t", "t, s"),
        ),
    ],
)  # fmt: skip
def test_a_difference_is_reported_with_its_facet_only(
    old: Answer, new: Answer, facet: str, values: tuple[str, str]
) -> None:
    assert named([old, old], new, new) == {facet: values}


def test_equal_responses_have_no_difference() -> None:
    assert named([SAME, SAME], SAME, SAME) == {}


@pytest.mark.parametrize(
    "vary",
    [
        lambda n: answer("a", ("Date", f"Sun, 29 Nov 2026 20:54:2{n} GMT")),
        lambda n: answer(f"token=abc{n}"),
        lambda n: answer("a", ("Set-Cookie", f"s=x{n}; Expires=Sun, 29 Nov 2026 20:54:2{n} GMT")),
        lambda n: answer(f'{{"id": {n}}}', JSON),
        lambda n: answer(b"\x00" + bytes([n])),
        lambda n: answer(status=200 + n % 2),
        lambda n: answer("x", ("X-Odd", "1")) if n % 2 else answer("x"),
        lambda n: answer(gzip.compress(b"same", mtime=n), ("Content-Encoding", "gzip")),
    ],
)
def test_variation_of_the_old_stack_is_noise(vary: Any) -> None:
    assert named([vary(1), vary(2)], vary(3), vary(4)) == {}
    assert noise([vary(1), vary(2)])


def packed(octets: bytes, time: int) -> Answer:
    return answer(gzip.compress(octets, mtime=time), ("Content-Encoding", "gzip"))


def test_a_gzip_body_with_a_varying_time_in_its_header_is_still_compared() -> None:
    olds = [packed(b"\x00image", 1), packed(b"\x00image", 2)]
    (found,) = named(olds, packed(b"\x00imag", 3)).items()
    assert found[0] == "body"
    cut = answer(packed(b"\x00image", 3).body.octets[:-4], ("Content-Encoding", "gzip"))
    ((_, new),) = named(olds, cut).values()
    assert new.endswith("which is not valid gzip")


def test_a_text_that_becomes_binary_beside_noise_is_reported() -> None:
    ((_, new),) = named([answer("token a1"), answer("token b2")], answer(b"\x00\x01")).values()
    assert new.endswith("which is not text")


def test_json_that_is_written_differently_beside_noise_is_reported() -> None:
    olds = [answer(f'{{"id": "{token}", "x: ": 1}}', JSON) for token in ("a1", "b2")]
    assert named(olds, answer('{"id": "c3", "x: ": 1}', JSON)) == {}
    assert named(olds, answer('{"id":"c3","x: ":1}', JSON)) == {"body": (": 0 …   … : 0", ":0 … :0")}
    assert list(named(olds, answer('{"x: ": 1, "id": "c3"}', JSON))) == ["body"]


def test_json_lines_are_compared_by_line_and_place() -> None:
    lines = ("Content-Type", "application/x-ndjson")
    olds = [answer(f'{{"id": "{token}"}}\n{{"a": 1}}\n', lines) for token in ("a1", "b2")]
    assert named(olds, answer('{"id": "c3"}\n{"a": 2}\n', lines)) == {"body:/1/a": ("1", "2")}
    assert named(olds, answer('{"id": "c3"}\n', lines)) == {"body:/1/a": ("1", ABSENT)}


def test_a_difference_beside_noise_is_reported() -> None:
    olds = [answer("a", ("Date", "1"), ("Set-Cookie", f"s={n}; HttpOnly")) for n in "12"]
    assert named(olds, answer("a", ("Date", "1"), ("Set-Cookie", "s=3"))) == {"cookie:s;httponly": ("set", ABSENT)}


def test_bytes_after_only_some_responses_of_the_new_stack_are_not_a_difference() -> None:
    """If the old stack always sends these bytes, they arrived too late to be seen in the other responses."""
    olds = [answer(excess=5)] * 3
    assert "excess" not in {each.found.facet for each in judge(olds, [answer(), answer(excess=5)])}
    assert "excess" in {each.found.facet for each in judge(olds, [answer(), answer()])}
    assert "excess" in {each.found.facet for each in judge([answer()] * 3, [answer(), answer(excess=5)])}


def test_a_nonce_in_a_header_does_not_hide_the_rest_of_the_header() -> None:
    olds = [answer("a", ("CSP", f"script-src 'nonce-{n}'; img-src *")) for n in "12"]
    assert list(named(olds, answer("a", ("CSP", "script-src 'nonce-3'; img-src none")))) == ["header:csp"]
    assert named(olds, answer("a", ("CSP", "script-src 'nonce-3'; img-src *"))) == {}


def test_with_a_different_status_no_other_difference_is_reported() -> None:
    assert list(named([SAME, SAME], answer("<h1>oh</h1>", ("X", "1"), status=500))) == ["status"]


def test_a_difference_has_the_status_of_both_responses() -> None:
    old, new = answer("a", status=500), answer("b", status=500)
    assert [each.status for each in judge([old, old], [new])] == [500]
    assert [each.status for each in judge([SAME, SAME], [new])] == [None]


@pytest.mark.parametrize(
    ("status", "old", "new"),
    [
        (None, REFUSED, RESET),
        (None, CLOSED, REFUSED),
        (
            200,
            "the connection was closed in the middle of the response",
            "the connection was reset in the middle of the response",
        ),
    ],
)
def test_the_ways_in_which_a_connection_ends_are_not_a_difference(status: int | None, old: str, new: str) -> None:
    before, after = answer(status=status, problem=old), answer(status=status, problem=new)
    assert judge([before] * 2, [after] * 2) == []
    assert noise([before, after]) == set()
    slow = answer(status=status, problem="no complete response within 5 seconds")
    assert [each.found.facet for each in judge([before] * 2, [slow] * 2)] == ["problem"]


def test_a_failure_in_one_of_two_responses_is_reported_with_its_frequency() -> None:
    (judged,) = judge([SAME, SAME], [SAME, answer(status=500)])
    assert (judged.found.facet, judged.times, judged.asked) == ("status", 1, 2)


@pytest.mark.parametrize(
    ("coding", "compress"),
    [
        ("gzip", gzip.compress),
        ("deflate", zlib.compress),
        ("br", lambda octets, level: brotli.compress(octets, quality=level)),
        ("zstd", zstd.compress),
    ],
)
def test_a_different_content_coding_of_the_same_content_is_not_a_difference(coding: str, compress: Any) -> None:
    def coded(octets: bytes, level: int) -> Answer:
        return answer(compress(octets, level), ("Content-Encoding", coding))

    assert named([coded(b"x" * 99, 1)], coded(b"x" * 99, 9)) == {}
    assert named([coded(b"x" * 99, 1)], coded(b"x" * 98 + b"y", 1)) == {"body": ("x" * 99, "x" * 98 + "y")}


def test_a_body_that_does_not_match_its_content_coding_is_compared_unchanged() -> None:
    olds = [answer("plain", ("Content-Encoding", coding)) for coding in ("gzip", "br", "deflate")]
    for old in olds:
        assert list(named([old], answer("other", *old.headers[1:]))) == ["body"]


def test_a_body_too_large_to_store_is_compared_by_its_digest() -> None:
    old, new = answer(b"a" * (KEPT + 1)), answer(b"a" * KEPT + b"b")
    assert not old.body.is_kept
    assert list(named([old, old], new)) == ["body"]
    assert named([old, old], answer(b"a" * (KEPT + 1))) == {}


def test_without_a_body_the_length_is_compared_as_a_header() -> None:
    head = answer("", ("Content-Length", "5"), framing="none")
    assert named([head, head], answer("", framing="none")) == {"header:content-length": ("5", ABSENT)}


BLOCKS = ((0.01, 5), (0.2, 5), (0.4, 5))


def test_a_buffered_stream_is_reported_even_in_the_first_request() -> None:
    old = answer(blocks=BLOCKS, total=0.4)
    new = answer(blocks=((0.4, 15),), first=0.4, total=0.4)
    (judged,) = judge([old, old], [new, new], is_first=True)
    assert (judged.found.facet, judged.found.old) == ("stream", "3 blocks from 10 ms to 400 ms")
    assert judged.found.new == "1 block after 400 ms"


def test_the_order_of_a_set_in_a_header_is_shown_and_its_values_are_compared() -> None:
    """Flask writes the methods of Allow in the order of a Python set."""
    old, other = answer("a", ("Allow", "GET, HEAD")), answer("a", ("Allow", "HEAD,GET"))
    assert named([old, old], other) == {"list-order": ("allow: GET, HEAD", "allow: HEAD, GET")}
    assert named([old, other], other) == {}
    lost = answer("a", ("Allow", "HEAD"))
    assert named([old, other], lost) == {"header:allow": ("GET, HEAD", "HEAD")}
    links = answer("a", ("Link", "</a>, </b>")), answer("a", ("Link", "</b>, </a>"))
    assert list(named([links[0]] * 2, links[1])) == ["header:link"]


def test_blocks_over_a_twentieth_of_a_second_are_a_stream_and_over_less_are_not() -> None:
    short = answer(blocks=((0.01, 5), (0.07, 10)), total=0.07)
    whole = answer(blocks=((0.07, 15),), first=0.07, total=0.07)
    assert list(named([short, short], whole, whole)) == ["stream"]
    assert named([short, answer(blocks=((0.01, 5), (0.03, 10)), total=0.03)], whole, whole) == {}


def test_a_lost_content_encoding_of_a_body_that_is_still_compressed_is_named_as_such() -> None:
    gzipped = ("content-encoding", "gzip")
    old, new = answer(gzip.compress(b"hello", mtime=1), gzipped), answer(gzip.compress(b"hello", mtime=2))
    assert named([old, old], new) == {"header:content-encoding": ("gzip", "(absent), and the body is still gzip")}
    other = answer(gzip.compress(b"help!"))
    assert list(named([old, old], other)) == ["header:content-encoding", "body"]
    assert named([old, old], answer("hello")) == {"header:content-encoding": ("gzip", ABSENT)}


def test_a_stream_with_other_block_boundaries_is_not_a_difference() -> None:
    old = answer(blocks=BLOCKS, total=0.4)
    assert named([old, old], answer(blocks=((0.01, 5), (0.4, 10)), total=0.4)) == {}


def test_a_late_first_octet_is_reported_only_if_all_are_ten_times_later() -> None:
    slow = answer(first=0.5)
    assert named([SAME, SAME], slow, slow) == {"time": ("first octet after 10 ms", "first octet after 500 ms")}
    assert named([SAME, SAME], slow, SAME) == {}
    assert judge([SAME, SAME], [slow, slow], is_first=True) == []
    assert named([answer(first=0.2), SAME], slow, slow) == {}
    late = answer(total=0.5)
    assert named([SAME, SAME], late, late) == {"time": ("last octet after 10 ms", "last octet after 500 ms")}


def test_endless_streams_are_compared_up_to_the_end_of_the_shorter_one() -> None:
    late = {"framing": "chunked", "problem": "no complete response within 1 seconds"}
    old = answer("tick\ntick\n", **late)
    assert named([old, old], answer("tick\n", **late), answer("tick\n" * 3, **late)) == {}
    assert list(named([old, old], answer("tock\n", **late))) == ["body"]


def test_only_the_first_of_many_places_are_reported() -> None:
    page, other = ("".join(f"<p>{letter}{number}</p>" for number in range(20)) for letter in "ab")
    kind = ("Content-Type", "text/html")
    found = named([answer(page, kind)], answer(other, kind))
    assert list(found)[-2:] == ["body:/p[8]/text()", "body:*"]
    assert found["body:*"][1] == "12 more places"


def test_a_page_with_another_element_is_compared_as_text() -> None:
    kind = ("Content-Type", "text/html")
    found = named([answer("<p>a</p>", kind), answer("<p>b</p>", kind)], answer("<p>c</p><hr>", kind))
    assert list(found) == ["body"]
    assert "hr" in found["body"][1]


def test_a_different_charset_beside_noise_is_a_difference_of_the_header_only() -> None:
    olds = [answer(f"<p>é {token}</p>", ("Content-Type", "text/html; charset=utf-8")) for token in "ab"]
    found = named(olds, answer("<p>é c</p>", ("Content-Type", "text/html; charset=koi8-r")))
    assert list(found) == ["header:content-type"]
