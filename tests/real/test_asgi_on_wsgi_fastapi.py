"""Features of FastAPI on each WSGI server: validation, dependencies, sync views, its own pages."""

from __future__ import annotations

from tests.real.wsgi_servers import Site


def test_a_model_is_validated(wsgi: Site) -> None:
    response = wsgi.post("fastapi", "/items", json={"name": "tea", "price": 2.5})
    assert response.json() == {"item": {"name": "tea", "price": 2.5}, "session": "a session"}


def test_an_invalid_model_is_a_422_with_the_reason(wsgi: Site) -> None:
    response = wsgi.post("fastapi", "/items", json={"name": "tea", "price": -1})
    assert response.status_code == 422
    assert response.json()["detail"][0]["loc"] == ["body", "price"]
    assert wsgi.get("fastapi", "/items/seven").status_code == 422


def test_an_http_exception_is_its_status(wsgi: Site) -> None:
    assert wsgi.get("fastapi", "/items/7").json() == {"number": 7}
    response = wsgi.get("fastapi", "/items/0")
    assert (response.status_code, response.json()) == (404, {"detail": "no such item"})


def test_a_dependency_is_closed_after_each_request(wsgi: Site) -> None:
    for path, status in (("/items/7", 200), ("/items/0", 404), ("/sync", 200)):
        assert wsgi.get("fastapi", path).status_code == status
    opened = wsgi.noted("fastapi session opened")
    wsgi.expect("fastapi session closed", opened)


def test_a_sync_view_runs_in_a_thread_beside_the_loop(wsgi: Site) -> None:
    assert wsgi.get("fastapi", "/sync").json() == {"session": "a session"}


def test_a_connected_client_is_not_reported_as_disconnected(wsgi: Site) -> None:
    assert wsgi.get("fastapi", "/connected").json() == {"disconnected": False}


def test_the_frameworks_own_pages_work(wsgi: Site) -> None:
    assert "/items/{number}" in wsgi.get("fastapi", "/openapi.json").json()["paths"]
    assert "swagger" in wsgi.get("fastapi", "/docs").text
