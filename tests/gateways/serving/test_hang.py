"""An import that hangs is reported with the line at which it hangs."""

import queue
import threading

from gateways.serving.hang import reporting_hang


def test_a_slow_block_is_reported_once_with_the_stack_of_its_thread() -> None:
    said: queue.SimpleQueue[str] = queue.SimpleQueue()
    over = threading.Event()

    def hangs() -> None:
        with reporting_hang("shop", said.put, 0.05):
            over.wait(20)

    thread = threading.Thread(target=hangs)
    thread.start()
    text = said.get(timeout=20)
    over.set()
    thread.join()
    assert text.startswith("importing 'shop' is still running after 0.05 seconds, at:\n")
    assert "over.wait(20)" in text
    assert said.empty()


def test_a_block_that_ends_in_time_is_not_reported() -> None:
    said: list[str] = []
    with reporting_hang("shop", said.append, 60):
        watchers = [each for each in threading.enumerate() if each.name == "gateways-hang"]
    for each in watchers:
        each.join()
    assert said == []
