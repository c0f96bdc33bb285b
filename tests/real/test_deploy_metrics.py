"""The modules of docs/deploy/metrics.md: their figures match the adapter's requests."""

import asyncio
from collections.abc import Iterator
from dataclasses import fields
from typing import Any

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from prometheus_client import REGISTRY
from prometheus_client.parser import text_string_to_metric_families

from gateways.adapters.stats import Stats
from tests.real.recipes import recipes

FIGURES = {each.name for each in fields(Stats)}
REQUESTS = 3


def wsgi_app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"four"]


async def ask(app: Any, path: str) -> bytes:
    """Return the body of a response."""
    scope: dict[str, Any] = {"type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET"}
    scope |= {"scheme": "http", "path": path, "query_string": b"", "headers": [], "root_path": ""}
    body = b""

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        nonlocal body
        body += message.get("body", b"")

    await app(scope, receive, send)
    return body


@pytest.fixture
def module(request: pytest.FixtureRequest) -> Iterator[dict[str, Any]]:
    """Return the namespace of a module of the page, with an app in place of its shop."""
    names: dict[str, Any] = {"wsgi_app": wsgi_app}
    before = set(REGISTRY._collector_to_names)
    exec(recipes()[request.param].replace("from shop import app as wsgi_app\n", ""), names)
    yield names
    for each in set(REGISTRY._collector_to_names) - before:
        REGISTRY.unregister(each)


@pytest.mark.parametrize("module", ["metrics_prometheus.py"], indirect=True)
def test_prometheus_reads_every_figure(module: dict[str, Any]) -> None:
    async def scrape() -> bytes:
        for _ in range(REQUESTS):
            assert await ask(module["app"], "/cart") == b"four"
        return await ask(module["app"], "/metrics")

    text = asyncio.run(scrape()).decode()
    module["shop"].close()
    found = {
        family.name.removeprefix("gateways_"): family.samples[0].value
        for family in text_string_to_metric_families(text)
        if family.name.startswith("gateways_")
    }
    assert set(found) == FIGURES
    assert (found["requests"], found["bytes"], found["errors"], found["busy"]) == (REQUESTS, 4 * REQUESTS, 0, 0)


def test_opentelemetry_exports_every_figure(monkeypatch: pytest.MonkeyPatch) -> None:
    reader = InMemoryMetricReader()
    provider = MeterProvider(metric_readers=[reader])
    text = recipes()["metrics_otel.py"].replace("from shop import app as wsgi_app\n", "")
    names: dict[str, Any] = {"wsgi_app": wsgi_app}
    monkeypatch.setattr("opentelemetry.metrics.get_meter", provider.get_meter)
    exec(text, names)

    async def serve() -> None:
        for _ in range(REQUESTS):
            await ask(names["app"], "/cart")

    asyncio.run(serve())
    names["app"].close()
    data: Any = reader.get_metrics_data()
    (resource,) = data.resource_metrics
    (scope,) = resource.scope_metrics
    found = {each.name.removeprefix("gateways."): each.data.data_points[0].value for each in scope.metrics}
    assert set(found) == FIGURES
    assert (found["requests"], found["bytes"]) == (REQUESTS, 4 * REQUESTS)
    provider.shutdown()
