"""Drop the servers' log messages about requests that are aborted at shutdown: each request has its own log line anyway.

Knows the log records of uvicorn and hypercorn. Keeps the app's records and all other errors.
"""

import logging

SHUTDOWN = "timeout graceful shutdown exceeded"
"""uvicorn's reason for cancelling requests. The time limit is 0, so uvicorn gives this reason at every shutdown."""


def leave_out_aborted() -> None:
    """Filter the loggers on which servers report aborted requests. May be called more than once."""
    logging.getLogger("uvicorn.error").addFilter(_is_kept_of_uvicorn)
    logging.getLogger("asyncio").addFilter(_is_kept_of_asyncio)


def _is_kept_of_uvicorn(record: logging.LogRecord) -> bool:
    from asyncio import CancelledError  # imported late: a WSGI server does not need asyncio

    error = _error(record)
    return SHUTDOWN not in (str(error) if isinstance(error, CancelledError) else str(record.msg))


def _is_kept_of_asyncio(record: logging.LogRecord) -> bool:
    from asyncio import CancelledError

    # Python 3.11: the callback of a stream's connection raises when hypercorn cancels the connection's task.
    return not isinstance(_error(record), CancelledError)


def _error(record: logging.LogRecord) -> BaseException | None:
    return record.exc_info[1] if isinstance(record.exc_info, tuple) else None
