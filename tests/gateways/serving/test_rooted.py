"""Apps below a path, with and without a proxy that strips the path: environs of PEP 3333, scopes of ASGI."""

import asyncio
from typing import Any

import pytest

from gateways.serving.rooted import rooted

CASES = [
    ("/shop/cart", "/cart"),
    ("/cart", "/cart"),
    ("/shop", ""),
    ("/shop/", "/"),
    ("/", "/"),
    ("/shopping", "/shopping"),
]


@pytest.mark.parametrize(("path", "path_info"), CASES)
def test_wsgi_apps_have_the_root_path_in_script_name(path: str, path_info: str) -> None:
    seen: dict[str, Any] = {}
    rooted(lambda environ, _start: seen.update(environ), "wsgi", "/shop")({"PATH_INFO": path, "SCRIPT_NAME": ""}, None)
    assert (seen["SCRIPT_NAME"], seen["PATH_INFO"]) == ("/shop", path_info)


def seen_by_asgi(scope: dict[str, Any], root_path: str) -> dict[str, Any]:
    seen: dict[str, Any] = {}

    async def app(scope: dict[str, Any], _receive: Any, _send: Any) -> None:
        seen.update(scope)

    asyncio.run(rooted(app, "asgi", root_path)(scope, None, None))
    return seen


@pytest.mark.parametrize(("path", "path_info"), CASES)
@pytest.mark.parametrize("kind", ["http", "websocket"])
def test_asgi_apps_have_the_root_path_in_root_path_and_in_path(kind: str, path: str, path_info: str) -> None:
    seen = seen_by_asgi({"type": kind, "path": path, "raw_path": path.encode()}, "/shop")
    assert (seen["root_path"], seen["path"], seen["raw_path"]) == (
        "/shop",
        f"/shop{path_info}",
        f"/shop{path_info}".encode(),
    )


def test_a_root_path_may_contain_non_ascii_characters() -> None:
    seen = seen_by_asgi({"type": "http", "path": "/é", "raw_path": b"/%C3%A9"}, "/ü")
    assert (seen["path"], seen["raw_path"]) == ("/ü/é", b"/%C3%BC/%C3%A9")
    environ: dict[str, Any] = {"PATH_INFO": "/ü/x".encode().decode("latin-1")}
    rooted(lambda *_: None, "wsgi", "/ü")(environ, None)
    assert (environ["SCRIPT_NAME"], environ["PATH_INFO"]) == ("/ü".encode().decode("latin-1"), "/x")


def test_lifespan_and_an_empty_root_path_change_nothing() -> None:
    assert seen_by_asgi({"type": "lifespan"}, "/shop") == {"type": "lifespan"}

    def app() -> None: ...

    assert rooted(app, "wsgi", "") is app
