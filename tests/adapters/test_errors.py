"""ClientDisconnected: how applications and servers recognise it."""

from __future__ import annotations

import copy
import errno

from gateways.adapters import ClientDisconnected


def test_it_is_an_oserror_that_servers_treat_as_a_connection_reset() -> None:
    """ASGI HTTP 2.4: a subclass of OSError; gunicorn and others log a traceback unless its errno is known."""
    error = ClientDisconnected()
    assert isinstance(error, OSError)
    assert error.errno == errno.ECONNRESET
    assert str(error) == str(copy.copy(error)) == "the client has disconnected"
