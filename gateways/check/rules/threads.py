"""Rules about the threads that run the app: globals, thread-locals, signal handlers, blocked event loops. Pure."""

from gateways.check.finding import Advice, Seen
from gateways.check.move import Move


def unsafe_global(seen: Seen, move: Move) -> Advice | None:
    values = seen.values
    if not (move.leaves_importing_thread if values["bound"] else move.threads > 1):
        return None
    many = f"up to {move.threads} threads" if move.threads > 1 else "a thread other than the one that imported the app"
    return Advice(
        f"{values['name']}, a {values['type']}, is created at import and shared by all threads",
        f"{move.runner} runs the app on {many}. {values['why']}",
        values["remedy"],
    )


def signal_handler(seen: Seen, move: Move) -> Advice | None:
    if not move.leaves_importing_thread:
        return None
    return Advice(
        f"the app installs a handler for {seen.values['name']} after its import",
        f"only the main thread may install a signal handler (Python, signal: Signals and threads). {move.runner} runs "
        "the app on another thread, where the call raises ValueError or RuntimeError",
        "install the handler in a hook of the server, for example post_worker_init of gunicorn, or at import",
    )


def thread_local(seen: Seen, move: Move) -> Advice | None:
    values = seen.values
    attributes = ", ".join(values["held"])
    if values["when"] == "import":
        if not move.leaves_importing_thread:
            return None
        return Advice(
            f"the thread-local {values['name']} is filled at import",
            f"threading.local: attributes exist only in the thread that set them. {move.runner} runs requests on other "
            f"threads, where {attributes} raises AttributeError",
            f"set {attributes} where it is first used in each thread, or use a plain global for a constant value",
        )
    if move.interface == "wsgi" and move.threads < 2:
        return None
    shared = move.interface == "asgi"
    return Advice(
        f"the thread-local {values['name']} keeps {attributes} after the request",
        (
            "all coroutines of an event loop share one thread, so concurrent requests overwrite the value"
            if shared
            else f"{move.runner} runs a request on any of {move.threads} threads: the next request on the same "
            "thread gets this value, and requests on other threads do not"
        ),
        "use contextvars.ContextVar for values of a request; the adapters pass them to the thread that runs the app",
    )


def blocked_loop(seen: Seen, move: Move) -> Advice | None:
    if move.to == "cgi" or (move.interface == "wsgi" and move.to == "wsgi"):
        return None
    return Advice(
        f"an async view blocks the event loop for {seen.values['milliseconds']:.0f} ms",
        f"{move.runner} runs all async code of a process on one loop, so other requests wait "
        "(asyncio, Developing: Running Blocking Code)",
        "await an asynchronous call, use asyncio.to_thread(), or make the view a plain def (which runs in a thread)",
    )
