"""SCRIPT_NAME and PATH_INFO of the client's URL, behind a server that rewrites it."""

import pytest

from gateways.adapters.on_cgi.request import public_path

CASES = {
    "not rewritten": ("/app.cgi/x?q", "/app.cgi", "/x", None, ("/app.cgi", "/x")),
    "not rewritten, without a path": ("/app.cgi", "/app.cgi", "", None, ("/app.cgi", "")),
    "encoded": ("/%61pp.cgi/a%20b", "/app.cgi", "/a b", None, ("/app.cgi", "/a b")),
    "slashes that the server merged": ("/app.cgi//x", "/app.cgi", "/x", None, ("/app.cgi", "/x")),
    "rewritten at the root": ("/x/y?q", "/app.cgi", "/x/y", None, ("", "/x/y")),
    "rewritten in a folder": ("/shop/x", "/shop/app.cgi", "/x", None, ("/shop", "/x")),
    "rewritten from elsewhere": ("/shop/x", "/cgi-bin/app.cgi", "/x", None, ("/shop", "/x")),
    "rewritten, the root itself": ("/", "/app.cgi", "/", None, ("", "/")),
    "rewritten, not ASCII": ("/caf%C3%A9/x%E9", "/app.cgi", "/x\xe9", None, ("/caf\xc3\xa9", "/x\xe9")),
    "a name that only begins like the program's": ("/app.cgix/y", "/app.cgi", "/y", None, ("/app.cgix", "/y")),
    "rewritten, slashes merged": ("/shop//x", "/shop/app.cgi", "/x", None, ("/shop", "/x")),
    "rewritten, slashes merged in the path": ("/shop/x//y", "/shop/app.cgi", "/x/y", None, ("/shop", "/x/y")),
    "rewritten, a dot segment resolved": ("/shop/./x", "/shop/app.cgi", "/x", None, ("/shop", "/x")),
    "rewritten, two dots resolved": ("/shop/a/../x/", "/shop/app.cgi", "/x/", None, ("/shop", "/x/")),
    "rewritten, dots spelled %2E": ("/shop/%2E/x", "/shop/app.cgi", "/x", None, ("/shop", "/x")),
    "absolute-form": ("http://test/shop/x", "/shop/app.cgi", "/x", None, ("/shop", "/x")),
    "rewritten to another path": ("/old", "/app.cgi", "/new", None, ("/app.cgi", "/new")),
    "another host in disguise": ("//evil.example/x", "/app.cgi", "/x", None, ("/app.cgi", "/x")),
    "another host after dots": ("/a/..//evil.example/x", "/app.cgi", "/x", None, ("/app.cgi", "/x")),
    "another host as browsers read it": ("/%5Cevil.example/x", "/app.cgi", "/x", None, ("/app.cgi", "/x")),
    "an include of a page (SSI)": ("/page.shtml", "/app.cgi", "", None, ("/app.cgi", "")),
    "a folder's index": ("/shop/", "/shop/app.cgi", "", None, ("/shop/app.cgi", "")),
    "unknown": (None, "/app.cgi", "/x", None, ("/app.cgi", "/x")),
    "nothing at all": (None, "", "", None, ("", "/")),
    "a program at the root": (None, "/", "", None, ("", "/")),
    "script_name": ("/x", "/app.cgi", "/x", "", ("", "/x")),
    "script_name, not rewritten": ("/app.cgi/x", "/app.cgi", "/x", "", ("", "/x")),
    "script_name, FallbackResource": ("/shop/x/y?q", "/shop/app.cgi", "", "/shop", ("/shop", "/x/y")),
    "script_name, FallbackResource at the root": ("/x/y?q", "/app.cgi", "", "", ("", "/x/y")),
    "script_name, the folder itself": ("/shop", "/shop/app.cgi", "", "/shop", ("/shop", "")),
    "script_name, not below it": ("/shopping", "/shop/app.cgi", "", "/shop", ("/shop", "")),
    "script_name, rewritten to another path": ("/en/x", "/app.cgi", "/x", "", ("", "/x")),
    "script_name, FallbackResource, dot segments": ("/shop/./a/../x", "/shop/app.cgi", "", "/shop", ("/shop", "/x")),
    "script_name, FallbackResource, out of it": ("/shop/../x", "/shop/app.cgi", "", "/shop", ("/shop", "")),
    "script_name, not ASCII": ("/caf%C3%A9/x", "/app.cgi", "", "/café", ("/caf\xc3\xa9", "/x")),
}


@pytest.mark.parametrize(("uri", "script", "info", "option", "seen"), CASES.values(), ids=CASES)
def test_public_path_is_the_path_that_the_client_requested(
    uri: str | None, script: str, info: str, option: str | None, seen: tuple[str, str]
) -> None:
    environ = {"SCRIPT_NAME": script, "PATH_INFO": info, **({"REQUEST_URI": uri} if uri else {})}
    assert public_path(environ, option) == seen


def test_redirect_url_is_used_without_request_uri() -> None:
    environ = {"SCRIPT_NAME": "/app.cgi", "PATH_INFO": "/x", "REDIRECT_URL": "/shop/x"}
    assert public_path(environ, None) == ("/shop", "/x")
    environ["REDIRECT_REDIRECT_URL"] = "/first/x"  # the first of two redirects
    assert public_path(environ, None) == ("/first", "/x")


def test_redirect_url_is_used_if_apache_has_normalised_the_path() -> None:
    environ = {"REQUEST_URI": "/./shop//x", "SCRIPT_NAME": "/app.cgi", "PATH_INFO": "/x", "REDIRECT_URL": "/shop/x"}
    assert public_path(environ, None) == ("/shop", "/x")
