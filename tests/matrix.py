"""The tests that check a rule again on another server, with another app, or in another event loop.

`make test` runs each rule on the servers that differ most from each other. CI and `make test MATRIX=yes` run all tests.
Knows files and the values of parametrized tests; it must not know why a test exists. Pure.
"""

from collections.abc import Mapping, Sequence

MORE_WSGI_SERVERS = ("werkzeug", "eventlet", "gevent pywsgi", "cheroot", "wsgiref", "gunicorn sync")

MATRIX: Mapping[str, Sequence[str]] = {
    "tests/adapters/run_cgi/warm/test_clauses.py": ("uvloop",),
    "tests/adapters/run_cgi/warm/test_faults.py": ("uvloop", "asyncio"),
    "tests/adapters/run_cgi/warm/test_idioms.py": ("tracker", "fastapi", "django"),
    "tests/adapters/run_cgi/warm/test_interpreters.py": ("uvloop", "asyncio"),
    "tests/adapters/run_cgi/warm/test_process.py": ("uvloop", "asyncio"),
    "tests/demos/test_replacing.py": ("asgiref_wsgi.py", "starlette_wsgi.py", "uvicorn_wsgi.py"),
    "tests/docs/test_pages.py": ("docs/diff.md", "docs/free-threading.md", "docs/migrating.md", "docs/trace.md"),
    "tests/gateways/compare/measure/test_running.py": (
        *(
            "wsgi:gunicorn",
            "cgi:gunicorn",
            "asgi:daphne",
            "cgi:daphne",
            "asgi:hypercorn",
            "cgi:hypercorn",
            "cgi:granian",
        ),
    ),
    "tests/real/native/test_asgi_apps.py": ("fastapi", "datasette", "nicegui", "quart", "litestar"),
    "tests/real/native/test_wsgi_apps.py": ("pyramid", "bottle", "falcon", "radicale", "wsgidav", "bare"),
    "tests/real/test_asgi_on_wsgi_draining.py": ("cheroot", "uwsgi", "gunicorn-sync", "gunicorn-gevent"),
    "tests/real/test_asgi_on_wsgi_files.py": ("cheroot", "mod_wsgi", "wsgiref", "gunicorn-sync", "gunicorn-gevent"),
    "tests/real/test_asgi_on_wsgi_uploads.py": ("cheroot", "gevent", "eventlet", "wsgiref", "werkzeug"),
    "tests/real/test_cgi_child_programs.py": ("lighttpd", "apache-cgi-", "uvicorn"),
    "tests/real/test_cgi_child_rewriting.py": ("apache-cgi-", "lighttpd"),
    "tests/real/test_cgi_git.py": ("hypercorn", "gunicorn"),
    "tests/real/test_cgi_host.py": ("hypercorn", "cheroot", "gunicorn", "uvicorn-uvloop"),
    "tests/real/test_cgi_programs.py": ("uvicorn",),
    "tests/real/test_check.py": ("--server granian", "--server daphne-flask", "--server daphne-fastapi"),
    "tests/real/test_compare.py": ("compare_fastapi:app",),
    "tests/real/test_demo.py": (
        *("wsgi-gunicorn", "wsgi-cheroot", "wsgi-granian", "asgi-hypercorn", "asgi-daphne", "asgi-granian"),
    ),
    "tests/real/test_diff.py": (
        *("gunicorn", "hypercorn", "cheroot", "waitress", "buffered", "cut", "price", "off_by_one", "same_token"),
    ),
    "tests/real/test_event_streams.py": MORE_WSGI_SERVERS,
    "tests/real/test_serve.py": (
        *("wsgi-gunicorn", "wsgi-cheroot", "asgi-hypercorn", "asgi-daphne"),
        *("gunicorn", "cheroot", "hypercorn", "granian"),
    ),
    "tests/real/test_serve_print.py": (
        *("wsgi-gunicorn", "wsgi-cheroot", "wsgi-granian", "asgi-hypercorn", "asgi-daphne", "asgi-granian"),
    ),
    "tests/real/test_websockets_asgi_on_wsgi.py": MORE_WSGI_SERVERS,
    "tests/real/test_websockets_hostile.py": ("uWSGI", "cheroot", "gunicorn sync"),
    "tests/real/test_websockets_libraries.py": ("gunicorn sync",),
    "tests/real/test_websockets_wsgi_on_asgi.py": ("daphne", "granian", "hypercorn, trio", "uvicorn, sans"),
    "tests/real/test_wsgi_on_asgi_half_closed.py": ("hypercorn-trio",),
    "tests/real/test_wsgi_on_asgi_memory.py": ("hypercorn", "granian"),
    "tests/test_packaging.py": ("3.12", "3.13"),
}
"""Beginnings of the values with which a test of a file belongs to the matrix."""


def in_matrix(test: str) -> bool:
    """Return True if a test, given by its id, belongs to the matrix."""
    file, _, rest = test.partition("::")
    values = f"-{rest.partition('[')[2]}"
    return any(f"-{value}" in values for value in MATRIX.get(file, ()))
