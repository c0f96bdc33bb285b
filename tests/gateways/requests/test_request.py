"""Requests, headers and targets as typed by users."""

import pytest

from gateways.requests.request import Request, checked_header, checked_method, from_origin, header_of, target_of


def test_a_path_is_percent_encoded_and_loses_its_fragment() -> None:
    assert target_of("/café ?q=a b#top") == "/caf%C3%A9%20?q=a%20b"
    assert target_of("/a%2Fb?x=[1]&y=${token}") == "/a%2Fb?x=[1]&y=$%7Btoken}".replace("%7B", "{")


def test_a_path_without_a_slash_is_refused_with_a_correct_one() -> None:
    with pytest.raises(ValueError, match=r"write '/cart'"):
        target_of("cart")


@pytest.mark.parametrize("line", ["Accept", "Acc ept: x", ": x", "X: a\x00b", "X: a\nb", "X: €"])
def test_a_header_that_cannot_be_sent_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match="header"):
        header_of(line)


def test_a_header_keeps_colons_in_its_value() -> None:
    assert header_of("Referer:  http://a/") == ("Referer", "http://a/")
    assert checked_header("X", "") == ("X", "")


def test_common_methods_become_upper_case_and_others_are_kept() -> None:
    assert [checked_method(each) for each in ("get", "Purge")] == ["GET", "Purge"]
    with pytest.raises(ValueError, match="for example GET"):
        checked_method("GE T")


def test_safe_methods_are_those_of_rfc_9110() -> None:
    assert [Request(each, "/").is_safe for each in ("GET", "HEAD", "OPTIONS", "POST", "DELETE", "PROPFIND")] == [
        *(True, True, True),
        *(False, False, False),
    ]


def test_origin_and_referer_name_the_target_site() -> None:
    headers = (("Origin", "https://shop.example"), ("Referer", "https://shop.example/a"), ("X", "https://shop.example"))
    sent = from_origin(Request("POST", "/", headers), "shop.example", "http://localhost")
    assert sent.headers == (("Origin", "http://localhost"), ("Referer", "http://localhost/a"), headers[2])
    other = Request("POST", "/", (("Origin", "https://shop.example.evil"),))
    assert from_origin(other, "shop.example", "http://localhost") == other
    assert from_origin(other, None, "http://localhost") == other
