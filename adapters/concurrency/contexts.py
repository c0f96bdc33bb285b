"""Context variables that cross from one thread to another and back.

Knows contexts. It must not know threads or loops.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextvars import Context, Token
from typing import Any

_UNSET: Any = object()

Lent = Sequence[tuple[Token[Any], Any]]


def adopt(context: Context, before: Context) -> Lent:
    """Copy the variables that other code has set in `context` to the current context. Return undo tokens, and values.

    `context` is a copy of `before`. A variable that the caller has changed since that copy keeps the caller's value.
    """
    if not context:
        return ()
    return [
        (variable.set(value), value) for variable, value in context.items() if before.get(variable, _UNSET) is not value
    ]
