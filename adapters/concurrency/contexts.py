"""Copy context variables from one thread to another, and reset them later.

Knows contexts. It must not know threads or loops.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from contextvars import Context, ContextVar, Token
from typing import Any
from weakref import ref

_UNSET: Any = object()

Adopted = Sequence[tuple[Token[Any], Any]]

_KEPT: ContextVar[Adopted] = ContextVar("gateways.kept")  # the variables that keep() has left in this context


def adopt(context: Context, before: Context) -> Adopted:
    """Copy the variables that other code has set in `context` to the current context.

    Returns pairs of a reset token and a value. `context` began as a copy of `before`, and the other code ran in it. A
    variable that only the caller has changed after that copy keeps the caller's value.
    """
    if not context:
        return ()
    return [
        (variable.set(value), value) for variable, value in context.items() if before.get(variable, _UNSET) is not value
    ]


def reset(adopted: Adopted) -> None:
    """Reset the variables that adopt() has set in the current context."""
    for token, value in adopted:
        # Reset only variables that no other code has changed. If the token belongs to another context, no reset is
        # needed, because the server has created that context for one request.
        if token.var.get(None) is value:
            with suppress(ValueError):
                token.var.reset(token)


def refers_to(value: object, error: BaseException) -> bool:
    """Return True if the value of a variable is the error, or a weak reference to it."""
    return value is error or (isinstance(value, ref) and value() is error)


def keep(adopted: Adopted) -> None:
    """Leave the variables in the current context until its thread calls reset_kept()."""
    if adopted:
        kept = list(adopted)
        kept.append((_KEPT.set(kept), kept))


def reset_kept() -> bool:
    """Reset the variables that keep() has left in the current context. Return False if there are none."""
    kept = _KEPT.get(())
    reset(kept)
    return bool(kept)
