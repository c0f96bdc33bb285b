"""Record events without delaying the app. The app's thread only appends a tuple, and another thread delivers it later.

Knows the queue and its thread. It must not know the meaning or the receiver of events.
"""

import queue
import threading
import time
from collections.abc import Callable
from multiprocessing.util import Finalize

from gateways.events.events import Event, Record, plain

GATHER = 0.02
"""Delay between the first event of a batch and its delivery, in seconds. Most requests end before the delivery."""

MAX_EVENTS = 1000
"""Maximum number of events in a batch."""


class Recorder:
    """Collects the events of one process, converts them with plain(), and passes them to `deliver` in batches.

    `deliver` is called on the recorder's own thread and may block. If it raises OSError, the parent has exited, and
    later events are dropped. Create the recorder in the process that records, because a thread does not survive a fork.
    """

    record: Record
    """Stores an event; never blocks. It is `queue.SimpleQueue.put` itself, so no Python code of this project runs
    between two steps."""

    def __init__(self, deliver: Callable[[list[Event]], None]) -> None:
        self._deliver = deliver
        self._events: queue.SimpleQueue[Event | None] = queue.SimpleQueue()
        self.record = self._events.put
        self._thread = threading.Thread(target=self._run, name="gateways-recorder", daemon=True)
        self._thread.start()
        # Finalize also runs in processes of multiprocessing, which skip atexit.
        self._at_exit = Finalize(None, self.close, exitpriority=0)

    def close(self) -> None:
        """Deliver the recorded events, and stop."""
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
        while batch[-1] is not None and len(batch) < MAX_EVENTS and not self._events.empty():
            batch.append(self._events.get())
        return batch


def _drop(_events: list[Event]) -> None:
    pass
