"""A load test for plain locust, written by gateways compare --export-locustfile.

    {command}

Name only one class, because users of several classes would disturb each other. Other options: locust --help. About the
figures:

- A user sends its next request after the response. So a server gets no requests while it hangs, and most of the delay
  for real users is not measured. At full load, latency is the number of users divided by the rate.
- One core sends about 10,000 requests per second. For more, use --processes 2, or workers on other machines.
- Every response is compared with one that was recorded before the load. A different response is a failure.
- Times have three digits. Read percentiles from response_times in the JSON file; locust prints whole milliseconds.
- "first byte" lists the same requests again, with the time until the first byte of the body. So ignore the line
Aggregated, which counts both.
"""

import hashlib
import math
import random
import time
import urllib.request
from typing import Any, ClassVar

import locust.runners
import locust.stats
from locust import FastHttpUser, constant, events, task
from locust.env import Environment
from locust.exception import StopTest
from locust.runners import MasterRunner

Answer = tuple[int, int | None, str | None]
"""Status, length and digest of a response. Length and digest are None if two responses differed."""


def three_digits(milliseconds: float) -> float:
    """Return the bucket of a response time. locust's own buckets are 1 ms wide, and 10 ms above 100 ms."""
    if milliseconds <= 0:
        return 0.0
    return round(milliseconds, 2 - math.floor(math.log10(milliseconds)))


locust.stats.bucket_response_time = three_digits  # type: ignore[assignment]  # locust's own function rounds to integers
locust.runners.WORKER_REPORT_INTERVAL = 1.0
locust.runners.CPU_MONITOR_INTERVAL = 1.0


class Verified(FastHttpUser):
    """Sends one request repeatedly, and verifies every response."""

    abstract = True
    host = "{host}"
    wait_time = constant(0)
    insecure = False  # verify certificates; locust's default does not
    network_timeout = connection_timeout = 15.0

    method, path, body = "GET", "/", 0
    headers: ClassVar[dict[str, str]] = {}
    in_pieces = False
    """Also measure the time to the first byte."""
    expected: Answer | None = None
    without = ""
    """The reason why the test cannot run, or "". The test cannot run without an expected response."""

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        if self.without:
            environment.process_exit_code = 1
            raise StopTest(self.without)
        self.octets = self.payload()

    @classmethod
    def payload(cls) -> bytes | None:
        """Return the request body, which is always the same; None for a request without one."""
        return random.Random(cls.body).randbytes(cls.body) if cls.body else None  # noqa: S311

    @classmethod
    def expect_response(cls, host: str) -> None:
        """Get the expected response. Raises OSError if the server sends none, or an error status."""
        request = urllib.request.Request(host + cls.path, cls.payload(), cls.headers, method=cls.method)  # noqa: S310
        answers = []
        for _ in range(2):
            with urllib.request.urlopen(request, timeout=cls.network_timeout) as response:  # noqa: S310
                answers.append(summary(response.status, response.read()))
        (status, length, digest), second = answers
        cls.expected = status, length if second[1] == length else None, digest if second[2] == digest else None

    @task
    def ask(self) -> None:
        began = time.perf_counter()
        options: dict[str, Any] = {"data": self.octets, "headers": {"Accept-Encoding": "identity", **self.headers}}
        with self.client.request(
            self.method, self.path, stream=self.in_pieces, catch_response=True, **options
        ) as response:
            if response.status_code == 0:
                return  # locust reports why there is no response
            content = self.in_the_end(response, began) if self.in_pieces else response.content or b""
            wrong = difference(summary(response.status_code, content), self.expected)
            if wrong:
                response.failure(wrong)

    def in_the_end(self, response: Any, began: float) -> bytes:
        """Return the body. The time to its first byte is a separate entry in the statistics. The time of the request
        ends with the last byte.
        """
        first = next(response.iter_content(chunk_size=1, decode_content=False), b"")
        self.fire("first byte", began)
        content = first + b"".join(response.iter_content(chunk_size=65536, decode_content=False))
        response.request_meta["response_time"] = (time.perf_counter() - began) * 1000
        response.request_meta["response_length"] = len(content)
        return content

    def fire(self, kind: str, began: float) -> None:
        self.environment.events.request.fire(
            request_type=kind,
            name=self.path,
            response_time=(time.perf_counter() - began) * 1000,
            response_length=0,
            exception=None,
            context={},
        )


def summary(status: int, content: bytes) -> tuple[int, int, str]:
    return status, len(content), hashlib.sha256(content).hexdigest()


def difference(got: tuple[int, int, str], want: Answer | None) -> str:
    """Return the difference from the expected response, or ""."""
    for name, own, expected in zip(("status", "length", "SHA-256"), got, want or (), strict=False):
        if expected is not None and own != expected:
            return f"{name} {own} instead of {expected}"
    return ""


def before(environment: Environment, **_: Any) -> None:
    """Get the expected responses before the measurement."""
    if isinstance(environment.runner, MasterRunner):
        return
    for each in environment.user_classes:
        if issubclass(each, Verified):
            host = (environment.host or each.host or "").rstrip("/")
            try:
                each.expect_response(host)
            except OSError as error:
                each.without = f"{host}{each.path} sent no response that could serve as the expected response: {error}"


events.test_start.add_listener(before)  # type: ignore[no-untyped-call]


# One class for each request.
