"""The environment and the arguments of a program: pure, with literal values."""

from typing import Any

import pytest

from gateways.adapters.run_cgi.environ import arguments, inherited, meta_variables, redirected
from gateways.adapters.run_cgi.script import Refused, Script

SCRIPT = Script(b"/srv/a.cgi", b"/a.cgi", b"")


def variables(script: Any = SCRIPT, root: Any = None, **environ: Any) -> dict[bytes, bytes]:
    return meta_variables({"REQUEST_METHOD": "GET", **environ}, script, root, authorization=False)


def test_only_an_allow_list_is_inherited() -> None:
    host = {"PATH": "/bin", "LANG": "C", "LC_ALL": "C", "TZ": "UTC", "SECRET": "x", "HTTP_PROXY": "x", "MINE": "y"}
    assert inherited(host, ["MINE", "NOT_THERE"]) == {
        b"PATH": b"/bin",
        b"LANG": b"C",
        b"LC_ALL": b"C",
        b"TZ": b"UTC",
        b"MINE": b"y",
    }


def test_path_is_always_set() -> None:
    assert b"/usr/bin" in inherited({}, [])[b"PATH"].split(b":")


@pytest.mark.parametrize(
    ("environ", "name"),
    [
        ({"HTTP_HOST": "example.com:80", "SERVER_NAME": "x"}, b"example.com"),
        ({"HTTP_HOST": "[::1]:80"}, b"[::1]"),
        ({"HTTP_HOST": "evil/../host", "SERVER_NAME": "mine"}, b"mine"),
        ({"HTTP_HOST": "a b", "SERVER_NAME": "mine"}, b"mine"),
        ({"SERVER_NAME": "::1"}, b"[::1]"),
        ({"SERVER_NAME": "waitress.invalid"}, b"localhost"),
        ({"SERVER_NAME": "cheroot/11.1.2"}, b"localhost"),
        ({}, b"localhost"),
    ],
)
def test_4_1_14_server_name_is_a_host_without_port(environ: dict[str, str], name: bytes) -> None:
    assert variables(**environ)[b"SERVER_NAME"] == name


@pytest.mark.parametrize(
    ("environ", "port"),
    [
        ({"SERVER_PORT": "8080"}, b"8080"),
        ({"SERVER_PORT": ""}, b"80"),
        ({"SERVER_PORT": "unix", "wsgi.url_scheme": "https"}, b"443"),
        ({}, b"80"),
    ],
)
def test_4_1_15_server_port_is_always_a_number(environ: dict[str, str], port: bytes) -> None:
    assert variables(**environ)[b"SERVER_PORT"] == port


@pytest.mark.parametrize(
    ("got", "wants"), [("HTTP/1.0", b"HTTP/1.0"), ("HTTP/2", b"HTTP/2.0"), ("HTTP/3", b"HTTP/3.0")]
)
def test_4_1_16_server_protocol_has_two_numbers(got: str, wants: bytes) -> None:
    assert variables(SERVER_PROTOCOL=got)[b"SERVER_PROTOCOL"] == wants


@pytest.mark.parametrize(
    ("got", "wants"), [("::1", b"::1"), ("[::1]", b"::1"), ("10.0.0.1", b"10.0.0.1"), ("", b"0.0.0.0")]
)
def test_4_1_8_remote_addr_is_an_address_without_brackets(got: str, wants: bytes) -> None:
    assert variables(REMOTE_ADDR=got)[b"REMOTE_ADDR"] == wants


def test_numbers_of_the_environ_become_text() -> None:
    """PEP 3333 wants strings; werkzeug's server gives an int REMOTE_PORT."""
    given = variables(REMOTE_PORT=50123, SERVER_PORT=8000)
    assert (given[b"REMOTE_PORT"], given[b"SERVER_PORT"]) == (b"50123", b"8000")


def test_4_1_13_script_name_includes_the_mount_and_has_no_trailing_slash() -> None:
    assert variables(SCRIPT_NAME="/app/")[b"SCRIPT_NAME"] == b"/app/a.cgi"
    assert variables(Script(b"/srv/a.cgi", b"", b"/x"), SCRIPT_NAME="/")[b"SCRIPT_NAME"] == b""


def test_4_1_6_path_translated_needs_a_document_root_and_a_path_info() -> None:
    with_path = Script(b"/srv/a.cgi", b"/a.cgi", b"/b/c")
    assert variables(with_path, root=b"/srv/")[b"PATH_TRANSLATED"] == b"/srv/b/c"
    assert b"PATH_TRANSLATED" not in variables(with_path)
    assert b"PATH_TRANSLATED" not in variables(root=b"/srv")


def test_4_1_1_the_authenticated_user_is_passed_on() -> None:
    known = variables(AUTH_TYPE="Basic", REMOTE_USER="me")
    assert (known[b"AUTH_TYPE"], known[b"REMOTE_USER"]) == (b"Basic", b"me")


def test_only_plain_names_become_variables() -> None:
    got = variables(**{"HTTP_X-A": "1", "HTTP_X.B": "2", "HTTP_x": "3", "HTTP_": "4", "HTTP_X=Y": "5", "wsgi.x": "6"})
    assert not [name for name in got if name.startswith(b"HTTP_") or b"." in name]


def test_https_is_on_or_not_set() -> None:
    assert variables(**{"wsgi.url_scheme": "https"})[b"HTTPS"] == b"on"
    assert variables(**{"wsgi.url_scheme": "https"})[b"REQUEST_SCHEME"] == b"https"
    assert b"HTTPS" not in variables()


def test_a_request_uri_is_built_if_the_server_passes_none() -> None:
    assert variables(SCRIPT_NAME="/app", PATH_INFO="/caf\xc3\xa9 b", QUERY_STRING="c")[b"REQUEST_URI"] == (
        b"/app/caf%C3%A9%20b?c"
    )


@pytest.mark.parametrize(("got", "wants"), [("127.0.0.1", b"127.0.0.1"), ("::1", b"::1"), ("/run/a.sock", None)])
def test_server_addr_is_an_address_or_not_set(got: str, wants: bytes | None) -> None:
    assert variables(SERVER_ADDR=got).get(b"SERVER_ADDR") == wants


def test_a_nul_is_refused() -> None:
    with pytest.raises(Refused) as refused:
        variables(HTTP_X="a\0b")
    assert refused.value.status == 400


def test_6_2_2_a_local_redirect_becomes_a_get_below_the_same_mount() -> None:
    environ = {
        "REQUEST_METHOD": "POST",
        "SCRIPT_NAME": "/m",
        "PATH_INFO": "/a",
        "CONTENT_LENGTH": "3",
        "RAW_URI": "/m/a",
    }
    assert redirected(environ, "/m/b%20c?d") == {
        "REQUEST_METHOD": "GET",
        "SCRIPT_NAME": "/m",
        "PATH_INFO": "/b c",
        "QUERY_STRING": "d",
        "REQUEST_URI": "/m/b%20c?d",
    }


@pytest.mark.parametrize("target", ["/other", "/mm/a", "/"])
def test_a_local_redirect_out_of_the_mount_is_sent_to_the_client(target: str) -> None:
    with pytest.raises(Refused) as refused:
        redirected({"REQUEST_METHOD": "GET", "SCRIPT_NAME": "/m"}, target)
    assert (refused.value.status, refused.value.headers) == (302, {"Location": target})


@pytest.mark.parametrize(
    ("method", "query", "words"),
    [
        ("GET", b"a+b%20c", [b"a", b"b\\ c"]),
        ("HEAD", b"one", [b"one"]),
        ("GET", b"a%3Db+c", [b"a=b", b"c"]),
        ("GET", b"d%26e", [b"d\\&e"]),
        ("GET", b"caf%C3%A9", ["café".encode()]),
        ("GET", b"", []),
        ("GET", b"a=b", []),
        ("POST", b"a", []),
        ("GET", b"a+b%00", []),
        ("GET", b"-s", []),
        ("GET", b"%2Ds", []),
    ],
)
def test_4_4_the_words_of_an_indexed_query_become_arguments(method: str, query: bytes, words: list[bytes]) -> None:
    assert arguments(method, query) == words
