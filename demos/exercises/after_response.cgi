#!/usr/bin/env python3
"""The CGI program of after_response.py: it closes its output, which ends the response,
and continues to work.
"""

import os
import sys
import time
from pathlib import Path

print("Content-Type: text/plain\nContent-Length: 8\n\naccepted", end="")
sys.stdout.flush()
os.close(1)
time.sleep(0.5)
Path(os.environ["DONE"]).touch()
