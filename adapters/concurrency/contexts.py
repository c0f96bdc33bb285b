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
    """Set in the current context the variables that were set in `context`, where other code ran for this request.

    `before` is the context that `context` was copied from: values that the caller itself has set since then stay.
    Returns the tokens that undo this, and the values.
    """
    if not context:
        return ()
    return [
        (variable.set(value), value) for variable, value in context.items() if before.get(variable, _UNSET) is not value
    ]
