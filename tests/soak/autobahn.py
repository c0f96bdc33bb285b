"""The Autobahn test suite against an ASGI app's WebSockets on WSGI servers: `make autobahn WSTEST=/path/to/wstest`.

Autobahn's `wstest` runs on Python 2.7 (pip install autobahntestsuite) or in its container, so it is a separate command.
A failed case is an error. The verdict "non-strict" is not an error: the client sent a message and then an invalid
frame, and the server closed the connection before the app had echoed the message.
"""

from __future__ import annotations

import argparse
import json
import shlex
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from tests.real.websocket_servers import CARRYING, serving

CASES = ["1.*", "2.*", "3.*", "4.*", "5.*", "6.*", "7.*", "10.*"]  # 9 is about speed, 12 and 13 about compression
_GOOD = ("OK", "NON-STRICT", "INFORMATIONAL")


def run(name: str, wstest: Sequence[str]) -> tuple[Counter[str], list[str]]:
    """Run the cases on one server. Return how often each verdict occurred, and the failed cases."""
    with tempfile.TemporaryDirectory() as directory, serving(name) as server:
        folder = Path(directory)
        spec = {
            "outdir": str(folder / "reports"),
            "servers": [{"agent": name, "url": f"ws://{server.host}:{server.port}/echo", "options": {"version": 18}}],
            "cases": CASES,
            "exclude-cases": [],
            "exclude-agent-cases": {},
        }
        (folder / "spec.json").write_text(json.dumps(spec))
        arguments = [*wstest, "-m", "fuzzingclient", "-s", str(folder / "spec.json")]
        subprocess.run(arguments, check=True, cwd=folder, stdout=subprocess.DEVNULL, timeout=600)
        cases = json.loads((folder / "reports" / "index.json").read_text())[name]
    failed = [case for case, said in cases.items() if {said["behavior"], said["behaviorClose"]} - set(_GOOD)]
    return Counter(said["behavior"] for said in cases.values()), failed


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description="Run the Autobahn test suite against WebSockets of ASGIToWSGI.")
    parser.add_argument("wstest", help="Autobahn's command, e.g. '/opt/python2/bin/wstest'")
    parser.add_argument("servers", nargs="*", default=["gunicorn sync", "waitress"], help=f"among {CARRYING}")
    options = parser.parse_args(arguments)
    status = 0
    for name in options.servers:
        verdicts, failed = run(name, shlex.split(options.wstest))
        print(f"{name}: {dict(verdicts)}; failed: {failed or 'none'}", flush=True)
        status = status or int(bool(failed))
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
