"""Start and control the processes of the load client and of the server that does nothing."""

import json
import select
import subprocess
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from types import TracebackType
from typing import Any, Self

from gateways.compare.load.order import Measured, Order, Request, Seen
from gateways.compare.measure.placement import on
from gateways.failure import Failure
from gateways.serving.separate import module_command

PATIENCE = 30.0
"""Seconds beyond the maximum duration of an order until the client counts as stuck."""


class _Process:
    """A module of `load` that runs as a process on the given cores. It is terminated at the end of the block."""

    def __init__(self, cores: tuple[int, ...], *arguments: str) -> None:
        with on(cores):
            self.process = subprocess.Popen(
                module_command(*arguments),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                start_new_session=True,
            )
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self._in, self._out = self.process.stdin, self.process.stdout

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if kind is not None:
            self.process.kill()  # the process may still be working on an order
        with suppress(BrokenPipeError):
            self._in.close()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._out.close()

    def _line(self, within: float) -> bytes:
        ready, _, _ = select.select([self._out], [], [], within)
        if not ready:
            why = f"has not responded for {within:.0f} seconds; stop other programs, which may use all cores"
            raise Failure(f"the load client (process {self.process.pid}) {why}")
        line = self._out.readline()
        if not line:
            raise Failure(f"the load client (process {self.process.pid}) has exited; try again")
        return line


class Client(_Process):
    """Carries out orders, one after another."""

    def __init__(self, cores: tuple[int, ...] = ()) -> None:
        super().__init__(cores, "gateways.compare.load")

    def see(self, order: Order) -> Seen:
        """Return the response to a probe."""
        return Seen(**self._give(order))

    def measure(self, order: Order) -> Measured:
        """Carry out an order; return the measurement."""
        return Measured.from_json(self._give(order))

    def null(self, length: int, cores: tuple[int, ...]) -> AbstractContextManager[Order]:
        return null_server_order(length, cores)

    def facts(self) -> dict[str, Any]:
        return {"engine": "own"}

    def _give(self, order: Order) -> dict[str, Any]:
        with suppress(BrokenPipeError):  # the client has exited, which _line() reports
            self._in.write(order.to_json().encode() + b"\n")
            self._in.flush()
        answer: dict[str, Any] = json.loads(self._line(order.ramp + order.seconds + 2 * order.timeout + PATIENCE))
        if "failure" in answer:
            raise Failure(f"the load client failed: {answer['failure']}")
        return answer


class NullServer(_Process):
    """A server that responds to every request with `length` bytes."""

    def __init__(self, length: int, cores: tuple[int, ...] = ()) -> None:
        super().__init__(cores, "gateways.compare.load.null", str(length))
        self.port = int(self._line(PATIENCE))


@contextmanager
def null_server_order(length: int, cores: tuple[int, ...]) -> Iterator[Order]:
    """Yield an order to load a server that does nothing. This server runs during the block."""
    with NullServer(length, cores) as null:
        yield Order("closed", "127.0.0.1", null.port, Request("/"), processes=(null.process.pid,))
