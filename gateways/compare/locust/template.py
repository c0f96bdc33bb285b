"""A load test for plain locust, as gateways compare --export-locustfile has written it.

    {command}

Name one class: users of several would disturb each other's figures. Other options: locust --help. Before you read them:

- A user asks again when it is answered. So a server that stands still is asked for nothing meanwhile, and most of what
  that would cost its users is not seen; and at full load, latency is the number of users by the rate, and says no more.
- A core makes some 10,000 requests a second. More come from --processes 2, or from workers on other machines.
- Every answer is compared with one from before the load. An answer that differs is a failure, not throughput.
- Times are kept to three digits: read percentiles from response_times in the JSON file, for others round to whole ms.
- "first byte" counts the same requests once more, up to when their bodies begin: leave the line Aggregated alone.
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
"""Status, length and digest; None where two answers differed."""


def three_digits(milliseconds: float) -> float:
    """The bucket of a response time. Those of locust are 1 ms wide, and 10 ms from 100 ms on."""
    if milliseconds <= 0:
        return 0.0
    return round(milliseconds, 2 - math.floor(math.log10(milliseconds)))


locust.stats.bucket_response_time = three_digits  # type: ignore[assignment]  # locust's own are whole numbers
locust.runners.WORKER_REPORT_INTERVAL = 1.0
locust.runners.CPU_MONITOR_INTERVAL = 1.0


class Verified(FastHttpUser):
    """Asks one question, again and again, and looks at every answer."""

    abstract = True
    host = "{host}"
    wait_time = constant(0)
    insecure = False  # certificates are verified; that is not the default
    network_timeout = connection_timeout = 15.0

    method, path, body = "GET", "/", 0
    headers: ClassVar[dict[str, str]] = {}
    in_pieces = False
    """Is when the body begins of interest?"""
    expected: Answer | None = None
    without = ""
    """Why nothing is expected: then there is no test."""

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        if self.without:
            environment.process_exit_code = 1
            raise StopTest(self.without)
        self.octets = self.payload()

    @classmethod
    def payload(cls) -> bytes | None:
        """As many bytes as the request's body has, the same ones each time."""
        return random.Random(cls.body).randbytes(cls.body) if cls.body else None  # noqa: S311

    @classmethod
    def ask_before(cls, host: str) -> None:
        """Find out what the answer is. Raises OSError if there is none."""
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
                return  # there is no answer, and locust says why
            content = self.in_the_end(response, began) if self.in_pieces else response.content or b""
            wrong = difference(summary(response.status_code, content), self.expected)
            if wrong:
                response.failure(wrong)

    def in_the_end(self, response: Any, began: float) -> bytes:
        """The whole body. Its first byte is an entry of its own, and the request's time is that of the last one."""
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
    """What is wrong with an answer, "" if nothing is."""
    for name, own, expected in zip(("status", "length", "SHA-256"), got, want or (), strict=False):
        if expected is not None and own != expected:
            return f"{name} {own} instead of {expected}"
    return ""


def before(environment: Environment, **_: Any) -> None:
    """Find out what the answers are, before anything is measured."""
    if isinstance(environment.runner, MasterRunner):
        return
    for each in environment.user_classes:
        if issubclass(each, Verified):
            host = (environment.host or each.host or "").rstrip("/")
            try:
                each.ask_before(host)
            except OSError as error:
                each.without = f"{host}{each.path} gives no response to compare with: {error}"


events.test_start.add_listener(before)  # type: ignore[no-untyped-call]


# The questions: a class for each.
