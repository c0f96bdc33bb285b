"""The stacks of callbacks that block a loop, which another thread samples."""

import subprocess
import sys

PROGRAM = """
import asyncio, threading, time
from gateways.check.finding import Place
from gateways.check.watch.blocking import LIMIT, Blocking

sampling = threading.Event()


class Own:
    def place(self, frame):
        return None if frame is None else Place("app.py", 1, "block()")


class Slow(Blocking):
    def _stack(self, frame):
        sampling.set()
        time.sleep(0.3)
        return ("app.py:1 in block",)


async def main():
    asyncio.get_running_loop().call_soon(block)
    await asyncio.sleep(0)


def block():
    time.sleep(LIMIT)
    assert sampling.wait(10)


watch = Slow(Own())
watch.on = True
asyncio.run(main())
print(watch.blocks[0].stack)
"""


def test_a_callback_that_ends_while_its_stack_is_sampled_has_that_stack() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=30, check=False
    )  # the watch changes asyncio for the whole process
    assert done.stdout.strip() == "('app.py:1 in block',)", done.stderr
