"""A server that listens, has a child in a separate session, and ignores SIGTERM: `python -m …deaf PORT`."""

import signal
import socket
import subprocess
import sys

if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=True)
    with socket.create_server(("127.0.0.1", int(sys.argv[1]))) as listener:
        while True:
            listener.accept()[0].close()
