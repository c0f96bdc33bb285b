"""Rules about settings of frameworks: Django's CONN_MAX_AGE and async-only middleware. Pure."""

from gateways.check.finding import Advice, Seen
from gateways.check.move import Move


def conn_max_age(seen: Seen, move: Move) -> Advice | None:
    if move.to == "wsgi":
        return None
    if move.to == "cgi":
        why = "a CGI program exits after one request, so its connection is closed and never reused"
    elif move.interface == "wsgi":
        why = f"each of the {move.threads} threads of {move.runner} keeps its own connection, in every worker"
    else:
        why = (
            "a connection belongs to the thread that opened it; under ASGI, this thread may end before another request "
            "uses the connection, so connections accumulate"
        )
    return Advice(
        f"CONN_MAX_AGE of the database {seen.values['database']!r} is {seen.values['age']}",
        f"{why} (Django, Databases: persistent connections should be disabled under ASGI)",
        "set CONN_MAX_AGE to 0 and use the connection pool of the database backend",
    )


def async_middleware(seen: Seen, move: Move) -> Advice | None:
    if move.to == "asgi" and move.interface == "asgi":
        return None
    return Advice(
        f"the middleware {seen.values['name']} needs ASGI",
        "its sync_capable is False: under get_wsgi_application(), Django starts an event loop for each request "
        "to run the middleware (Django, Asynchronous support: Performance)",
        "support synchronous requests too, with sync_and_async_middleware, or serve get_asgi_application()",
    )
