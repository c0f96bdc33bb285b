"""The exported locustfile, run by plain locust, with a correct app and with faulty ones."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.real.serving import serve

ENOUGH = 500
"""Minimum number of requests of which some are lost, if one percent is lost."""


def run(folder: Path, url: str, scenarios: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Export the locustfile, and run it with locust for some seconds, in another folder."""
    command = ["gateways", "compare", "--export-locustfile", str(folder / "load.py"), "--scenarios", scenarios]
    subprocess.run([sys.executable, "-m", *command, "--url", f"a={url}"], check=True, timeout=90, capture_output=True)
    options = ["--headless", "--users", "12", "--spawn-rate", "100", "--only-summary", "--json-file", "stats"]
    return subprocess.run(
        [sys.executable, "-m", "locust", "-f", "load.py", *options, *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )


def stats(folder: Path) -> dict[tuple[str, str], dict[str, Any]]:
    entries = json.loads((folder / "stats.json").read_text())
    return {(entry["method"], entry["name"]): entry for entry in entries}


def test_responses_are_verified_and_times_are_finer_than_those_of_locust(tmp_path: Path) -> None:
    with serve("gateways.asgi.app:app", "uvicorn") as server:
        done = run(tmp_path, server.url, "hello,stream", "--run-time", "8s", "Hello", "Stream")
    assert done.returncode == 0, done.stderr
    found = stats(tmp_path)
    hello = found["GET", "/hello"]
    assert (hello["num_requests"] > 10, hello["num_failures"]) == (True, 0)
    assert any("." in time.rstrip("0").rstrip(".") for time in hello["response_times"])
    path = "/stream?chunks=20&delay=0.05"
    whole, first = found["GET", path], found["first byte", path]
    assert whole["num_failures"] == 0
    assert whole["min_response_time"] > 900
    assert first["min_response_time"] < 500


def test_a_wrong_response_is_a_failure_and_a_wrong_response_at_the_start_ends_the_test(tmp_path: Path) -> None:
    with serve("tests.gateways.compare.misbehaving:loses_one_percent", "uvicorn") as server:
        for seconds in ("2s", "10s", "30s"):  # on a busy machine, two seconds may end before the first loss
            done = run(tmp_path, server.url, "hello", "--run-time", seconds, "Hello")
            hello = stats(tmp_path).get(("GET", "/hello"), {"num_requests": 0})
            if hello["num_requests"] >= ENOUGH:
                break
    assert done.returncode == 1
    assert 0.001 < hello["num_failures"] / hello["num_requests"] < 0.05
    with serve("tests.gateways.compare.misbehaving:fails", "uvicorn") as server:
        done = run(tmp_path, server.url, "hello", "--run-time", "20s", "Hello")
    assert done.returncode == 1
    assert "/hello sent no response that could serve as the expected response: HTTP Error 500" in done.stderr
