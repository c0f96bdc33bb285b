"""Start and stop all watchers of one process around each request."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from gateways.check.watch.background import Background
from gateways.check.watch.blocking import REPEATS, Block, Blocking, repeated
from gateways.check.watch.locals import Locals
from gateways.check.watch.notes import Notes
from gateways.check.watch.own import Own

T = TypeVar("T")


class Watching:
    """The watchers. They are created before the app is imported, except `locals`, which inspects the app's objects."""

    locals: Locals

    def __init__(self, notes: Notes, own: Own) -> None:
        self.notes, self.own = notes, own
        self.blocking = Blocking(own)
        self.background = Background(notes, own)

    def repeat(self, ask: Callable[[], T], is_safe: bool) -> T:
        """Send a request. If it is safe and blocked an event loop, send it again to confirm."""
        passes: list[list[Block]] = []
        result = self._once(ask, passes)
        while is_safe and passes[-1] and len(passes) < REPEATS:
            result = self._once(ask, passes)
        repeated(self.notes, passes, self.notes.request)
        return result

    def _once(self, ask: Callable[[], T], passes: list[list[Block]]) -> T:
        self._begin()
        try:
            return ask()
        finally:
            passes.append(self._end())

    async def repeat_async(self, ask: Callable[[], Awaitable[T]], is_safe: bool) -> T:
        """Do the same as repeat(), for a coroutine."""
        passes: list[list[Block]] = []
        while True:
            self._begin()
            try:
                result = await ask()
            finally:
                passes.append(self._end())
            if not is_safe or not passes[-1] or len(passes) == REPEATS:
                repeated(self.notes, passes, self.notes.request)
                return result

    def _begin(self) -> None:
        self.background.begin()
        self.blocking.blocks = []
        self.blocking.on = True

    def _end(self) -> list[Block]:
        self.blocking.on = False
        self.background.end()
        return self.blocking.blocks
