"""Find signal handlers that the app installs after its import, during startup or a request."""

import signal
import sys
from typing import Any

from gateways.check.watch.notes import Notes
from gateways.check.watch.own import Own


def install(notes: Notes, own: Own) -> None:
    """Start watching signal.signal(). Ignore calls by libraries, because a library may catch the exception."""
    module: Any = signal
    original = signal.signal

    def watched(number: int, handler: Any) -> Any:
        caller = sys._getframe(1)  # noqa: SLF001
        by_loop = caller.f_code.co_name == "add_signal_handler"  # asyncio's loops call signal.signal() there
        place = own.place(caller)
        if place is not None and (by_loop or own.is_own(caller.f_code.co_filename)):
            name = signal.Signals(number).name
            call = "loop.add_signal_handler" if by_loop else "signal.signal"
            notes.add("signal-handler", f"{call}({name}) is called", place, name=name)
        return original(number, handler)

    module.signal = watched
