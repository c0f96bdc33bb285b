"""The locustfile of `gateways compare --engine locust`. Locust sends orders to its workers and returns their results.

It runs in locust's own processes, where gevent has patched the standard library. Each worker has one user, which passes
orders to a load client in a separate process without gevent. The master reads orders from stdin. At the end of stdin
the master and its workers exit.

The master sends this file to the workers. The file imports nothing from gateways. So a worker on a machine without
gateways can run the file, and report that gateways is missing.
"""

import importlib.metadata
import json
import os
import platform
import socket
import subprocess
import sys
import time
from typing import Any

import gevent
from gevent.fileobject import FileObject
from gevent.queue import Queue
from locust import User, events, task
from locust.env import Environment
from locust.exception import StopUser
from locust.runners import MasterRunner, WorkerRunner

MARK = "@gateways "
"""Prefix of this module's lines on the master's stdout. Locust itself writes other lines there."""
CAME, READY, ORDER = "gateways_came", "gateways_ready", "gateways_order"
ANSWER, BROKEN = "gateways_answer", "gateways_broken"
EVERY = 0.5
"""Interval between checks of the workers' connections, in seconds."""

orders: Queue[dict[str, Any]] = Queue()
"""Orders that wait until a worker's user takes them."""


class LoadClient(User):
    """The only user of a worker. It passes the orders to a load client."""

    @task
    def carry_out(self) -> None:
        runner = self.environment.runner
        runner.send_message(READY, {})
        command = [sys.executable, "-m", "gateways.compare.load"]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as client:
            try:
                while True:
                    current = orders.get()
                    answer = given(client, current["order"]) if current["order"] else ""
                    runner.send_message(
                        ANSWER, {"number": current["number"], "answer": answer, "clock": time.time_ns()}
                    )
            except (OSError, EOFError) as error:
                runner.send_message(BROKEN, {"why": f"its load client has exited ({type(error).__name__})"})
            finally:
                client.kill()
        raise StopUser


def given(client: "subprocess.Popen[bytes]", order: str) -> str:
    assert client.stdin is not None
    assert client.stdout is not None
    client.stdin.write(order.encode() + b"\n")
    client.stdin.flush()
    line: bytes = client.stdout.readline()
    if not line:
        raise EOFError
    return line.decode()


def described() -> dict[str, Any]:
    """Return a worker's description of itself."""
    try:
        version = importlib.metadata.version("gateways")
    except importlib.metadata.PackageNotFoundError:
        version = ""
    python = f"{platform.python_implementation()} {platform.python_version()}"
    system = f"{platform.system()} {platform.release()} {platform.machine()}"
    description = {"version": version, "host": socket.gethostname(), "python": python, "system": system}
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return {**description, "cores": cores}


def say(**what: Any) -> None:
    """Write a line to stdout, for the process that started the master."""
    print(MARK + json.dumps(what), flush=True)


def begin(environment: Environment, **_: Any) -> None:
    runner = environment.runner
    if isinstance(runner, WorkerRunner):
        runner.register_message(ORDER, lambda msg, **_: orders.put(msg.data))
        runner.send_message(CAME, described())
    elif isinstance(runner, MasterRunner):
        for kind in (CAME, READY, ANSWER, BROKEN):
            runner.register_message(kind, lambda msg, **_: say(kind=msg.type, worker=msg.node_id, **msg.data))
        say(kind="listens", port=runner.server.port)
        gevent.spawn(pass_on, runner)
        gevent.spawn(watch, runner)


def pass_on(runner: MasterRunner) -> None:
    """Forward each line of stdin to its worker."""
    for line in FileObject(sys.stdin.fileno(), "r", closefd=False):
        current = json.loads(line)
        runner.send_message(ORDER, {"number": current["number"], "order": current["order"]}, current["worker"])
    runner.quit()
    os._exit(0)  # otherwise locust waits for workers, and then prints empty statistics


def watch(runner: MasterRunner) -> None:
    """Report workers that have disconnected."""
    known: set[str] = set()
    while True:
        gevent.sleep(EVERY)
        there = {client.id for client in runner.clients.all if client.state != "missing"}
        for worker in known - there:
            say(kind="gone", worker=worker)
        known = there


events.init.add_listener(begin)  # type: ignore[no-untyped-call]
