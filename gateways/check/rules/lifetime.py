"""Rules about the lifetime of the app's process: lifespan handlers, background tasks, threads that start at import.
Pure.
"""

from gateways.check.finding import Advice, Seen
from gateways.check.move import Move


def lifespan(seen: Seen, move: Move) -> Advice | None:
    name, took = seen.values["name"], seen.values["milliseconds"]
    if move.to == "cgi":
        return Advice(
            f"the lifespan handler {name} runs for every request",
            f"a CGI program exits after one request (RFC 3875, 3.4): each response waits for the startup, which took "
            f"{took:.0f} ms here, and data in memory is lost",
            "keep the startup short, or open resources at first use",
        )
    if not move.server.lifespan:
        return Advice(
            f"the lifespan handler {name} never runs",
            f"{move.server.name} sends no lifespan events (ASGI, Lifespan Protocol: support is optional)",
            "use uvicorn, hypercorn or granian, or open the handler's resources at first use",
        )
    return None


def background(seen: Seen, move: Move) -> Advice | None:
    name = seen.values["name"]
    if move.to == "cgi":
        outlived = {
            "task": "asyncio tasks that still run after the app's call are cancelled",
            "awaited": "the process runs until the task ends; Apache's mod_cgi makes the client wait for it",
            "thread": "the process exits after the response, or waits for the thread, and then the client waits too",
        }[seen.values["how"]]
        return Advice(
            f"{name} still runs after the response",
            f"a CGI program exits after one request: {outlived}",
            "send the work to a queue that another process serves (Celery, RQ, a table), or do it before the response",
        )
    if move.interface == "asgi" and move.to == "wsgi":
        return Advice(
            f"{name} still runs after the response",
            f"{move.server.name} does not wait for this work. When a worker is recycled or terminated, {move.runner} "
            "waits only for a limited time, and waitress and cheroot exit immediately on SIGTERM",
            "send work that must not be lost to a queue; call close() of the adapter from the server's exit hook",
        )
    return None


def thread_at_import(seen: Seen, move: Move) -> Advice | None:
    if move.to != "cgi":
        return None
    return Advice(
        f"importing the app starts the thread {seen.values['name']!r}",
        "a CGI program is a new process for each request (RFC 3875, 3.4), so the thread starts and ends with each "
        "request",
        "run scheduled work in a separate process (cron, a systemd timer, a worker)",
    )
