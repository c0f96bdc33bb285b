"""Stored cookies, and values taken from responses."""

import pytest

from gateways.requests.cookies import Jar, SetCookie, parse
from gateways.requests.request import Request, Take
from gateways.requests.session import Session
from gateways.requests.values import Missing, names_in


def test_set_cookie_is_parsed_as_rfc_6265_requires() -> None:
    assert parse(' id = "a=b" ; Path=/x; HttpOnly ;SameSite=Lax') == SetCookie(
        "id", '"a=b"', (("path", "/x"), ("httponly", ""), ("samesite", "Lax"))
    )


@pytest.mark.parametrize(
    ("path", "target", "is_sent"),
    [("/a", "/a", True), ("/a", "/a/b?x", True), ("/a", "/ab", False), ("/a/", "/a/b", True), ("/", "/x", True)],
)
def test_a_cookie_is_sent_at_and_below_its_path(path: str, target: str, is_sent: bool) -> None:
    jar = Jar()
    jar.learn("/login", [("Set-Cookie", f"id=1; Path={path}")])
    assert (jar.for_target(target) == {"id": "1"}) is is_sent


def test_without_a_path_a_cookie_applies_to_the_folder_of_the_request() -> None:
    jar = Jar()
    jar.learn("/shop/login?x=/a/b", [("set-cookie", "id=1")])
    assert jar.for_target("/shop/cart") == {"id": "1"}
    assert jar.for_target("/") == {}


@pytest.mark.parametrize("ending", ["Max-Age=0", "Expires=Thu, 01 Jan 1970 00:00:00 GMT", "Max-Age=-1; Expires=x"])
def test_an_expired_cookie_is_deleted(ending: str) -> None:
    jar = Jar()
    jar.learn("/", [("Set-Cookie", "id=1; Path=/")])
    jar.learn("/", [("Set-Cookie", f'id=""; Path=/; {ending}')])
    assert jar.everything() == {}


def test_a_cookie_that_expires_later_is_kept() -> None:
    jar = Jar()
    date = ("Date", "Sun, 29 Nov 2026 12:00:00 GMT")
    jar.learn("/", [date, ("Set-Cookie", "id=1; Expires=Sun, 29 Nov 2026 12:00:01 GMT; Max-Age=x")])
    assert jar.everything() == {"id": "1"}


def test_cookies_of_responses_replace_recorded_ones_of_the_same_name() -> None:
    session = Session()
    request = Request("GET", "/", (("Cookie", "sessionid=old; theme=dark"), ("Accept", "*/*")))
    assert session.prepared(request).header("cookie") == "sessionid=old; theme=dark"
    session.learn(Request("POST", "/in"), 302, (("Set-Cookie", "sessionid=new; Path=/"),), b"")
    assert session.prepared(request).headers == (("Accept", "*/*"), ("Cookie", "sessionid=new; theme=dark"))


TAKES = [
    (Take("v", "regex", 'name="csrf" value="([^"]+)"'), b'<input name="csrf" value="t1">'),
    (Take("v", "regex", "t1"), b"-t1-"),
    (Take("v", "header", "x-token"), b""),
    (Take("v", "json", "/a/0/b~1c"), b'{"a": [{"b/c": "t1"}]}'),
    (Take("v", "cookie", "csrftoken"), b""),
]


@pytest.mark.parametrize(("take", "body"), TAKES)
def test_a_value_is_taken_from_a_response_into_target_and_header_and_body(take: Take, body: bytes) -> None:
    session = Session()
    session.learn(Request("GET", "/", takes=(take,)), 200, (("X-Token", "t1"), ("Set-Cookie", "csrftoken=t1")), body)
    later = session.prepared(Request("POST", "/x?v=${v}", (("Authorization", "Bearer ${v}"),), b"v=${v}&w=${w}"))
    assert (later.target, later.header("authorization"), later.body) == ("/x?v=t1", "Bearer t1", b"v=t1&w=${w}")


@pytest.mark.parametrize("take", [each for each, _ in TAKES])
def test_a_missing_value_is_reported(take: Take) -> None:
    with pytest.raises(Missing, match=r"\(status 500\) has no .* for \$\{v\}"):
        Session().learn(Request("GET", "/", takes=(take,)), 500, (), b"[]")


@pytest.mark.parametrize(
    ("kind", "body", "filled"),
    [
        ("application/x-www-form-urlencoded", b"t=${v}", b"t=a%2B%22%C3%A9"),
        ("application/json; charset=utf-8", b'{"t": "${v}"}', b'{"t": "a+\\"\\u00e9"}'),
        ("text/plain", b"${v}", 'a+"é'.encode()),
    ],
)
def test_a_value_is_encoded_as_the_media_type_requires(kind: str, body: bytes, filled: bytes) -> None:
    session = Session()
    session.values["v"] = 'a+"é'
    assert session.prepared(Request("POST", "/${v}", (("Content-Type", kind),), body)).body == filled
    assert session.prepared(Request("GET", "/${v}")).target == "/a%2B%22%C3%A9"


def test_names_in_placeholders_are_found_in_text_and_bytes() -> None:
    assert names_in("/${a}", b"${b} ${not a name} $c", None) == {"a", "b"}


OVER = "Max-Age=0; Path=/"


@pytest.mark.parametrize(
    ("status", "cookies", "name"),
    [
        (302, [f"sessionid=; {OVER}"], "sessionid"),
        (204, [f"sessionid=; {OVER}"], "sessionid"),
        (302, [f"sessionid=; {OVER}", "messages=bye; Path=/"], "sessionid"),
        (302, [f"state=; {OVER}"], "state"),
        (302, [f"state=; {OVER}", "sessionid=new; Path=/"], ""),
        (302, [f"unknown=; {OVER}"], ""),
        (200, [f"messages=; {OVER}"], ""),
        (302, ["sessionid=other; Path=/"], ""),
    ],
)
def test_a_redirect_that_deletes_the_cookie_of_a_login_ends_the_session(
    status: int, cookies: list[str], name: str
) -> None:
    session = Session()
    session.learn(Request("GET", "/authorize"), 302, (("Set-Cookie", "state=1; Path=/"),), b"")
    session.learn(Request("POST", "/login"), 302, (("Set-Cookie", "sessionid=2; Path=/"),), b"")
    headers = tuple(("Set-Cookie", each) for each in cookies)
    assert session.ends(Request("POST", "/logout"), status, headers) == name
    assert session.jar.everything() == {"state": "1", "sessionid": "2"}
