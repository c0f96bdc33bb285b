"""Exceptions in a server's log."""

from gateways.compare.measure.tracebacks import raised

LOG = """\
INFO: started
ERROR: Exception in ASGI application
Traceback (most recent call last):
  File "app.py", line 3, in app
    raise KeyError("id")
KeyError: 'id'
[2026-11-30] [ERROR] Error handling request /: Traceback (most recent call last):
  File "db.py", line 7, in execute
    return run(query)
           ^^^^^^^^^^
sqlite3.OperationalError: database is locked

The above exception was the direct cause of the following exception:

Traceback (most recent call last):
  File "app.py", line 9, in app

    save()
django.db.utils.OperationalError: database is locked
Traceback (most recent call last):
  File "app.py", line 3, in app
KeyError: 'id'
Traceback (most recent call last):
  File "cut.py", line 1
"""


def test_exceptions_are_counted_by_the_last_line_and_of_a_chain_only_the_last() -> None:
    assert raised(LOG) == {"KeyError: 'id'": 2, "django.db.utils.OperationalError: database is locked": 1}
    assert raised("") == {}
