"""Copy context variables from one thread to another, and reset them later.

Knows contexts. It must not know threads or loops.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextvars import Context, Token
from typing import Any

_UNSET: Any = object()

Lent = Sequence[tuple[Token[Any], Any]]


def adopt(context: Context, before: Context) -> Lent:
    """Copy the variables that other code has set in `context` to the current context.

    Returns pairs of a reset token and a value. `context` is a copy of `before`. If the caller has changed a variable
    after that copy, the caller's value stays.
    """
    if not context:
        return ()
    return [
        (variable.set(value), value) for variable, value in context.items() if before.get(variable, _UNSET) is not value
    ]
