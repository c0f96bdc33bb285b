"""A server that starts a child when it gets SIGTERM, and exits: `python -m …late PORT`."""

import signal
import socket
import subprocess
import sys
from types import FrameType


def end(_number: int, _frame: FrameType | None) -> None:
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    print("child", child.pid, flush=True)
    sys.exit()


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, end)
    with socket.create_server(("127.0.0.1", int(sys.argv[1]))) as listener:
        while True:
            listener.accept()[0].close()
