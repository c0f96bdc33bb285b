"""Carries events out of the app's way: the app appends a tuple, a thread does the rest afterwards.

Knows the queue and its thread. It must not know what events mean, nor where they go.
"""

import queue
import threading
import time
from collections.abc import Callable
from multiprocessing.util import Finalize

from gateways.events.events import Event, Record, plain

GATHER = 0.02
"""Seconds from the first event of a batch until the batch is taken: by then most requests are over, undisturbed."""

MOST = 1000
"""Events in one batch; what is more waits for the next."""


class Recorder:
    """Collects the events of one process and gives them, made plain and in batches, to `deliver`.

    `deliver` is called on the recorder's own thread and may block; after an OSError the parent has gone, and
    later events are dropped. Made in the process that records: a thread does not survive a fork.
    """

    record: Record
    """Takes an event; never blocks. `queue.SimpleQueue.put` itself, so that nothing of ours runs between two steps."""

    def __init__(self, deliver: Callable[[list[Event]], None]) -> None:
        self._deliver = deliver
        self._events: queue.SimpleQueue[Event | None] = queue.SimpleQueue()
        self.record = self._events.put
        self._thread = threading.Thread(target=self._run, name="gateways-recorder", daemon=True)
        self._thread.start()
        # As atexit, and also in the processes that servers make by multiprocessing, which end without it.
        self._at_exit = Finalize(None, self.close, exitpriority=0)

    def close(self) -> None:
        """Deliver what has been recorded, and stop."""
        self._at_exit.cancel()
        self._events.put(None)
        self._thread.join(timeout=1)

    def _run(self) -> None:
        more = True
        while more:
            batch = self._batch()
            more = batch[-1] is not None
            if events := [plain(event) for event in batch if event is not None]:
                try:
                    self._deliver(events)
                except OSError:
                    self._deliver = _drop

    def _batch(self) -> list[Event | None]:
        batch = [self._events.get()]
        if batch[0] is not None:
            time.sleep(GATHER)
        while batch[-1] is not None and len(batch) < MOST and not self._events.empty():
            batch.append(self._events.get())
        return batch


def _drop(_events: list[Event]) -> None:
    pass
