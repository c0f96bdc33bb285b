"""`python -m tests.soak.large_bodies`: send 1 GB to and from a WSGI app behind WSGIToASGI on uvicorn, and measure its
memory.

Exits with 1 if the server's memory has grown by 16 MB at any time. Linux only, because it reports the peak memory.
Knows the bodies and their rates. It must not know how memory is measured.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

from tests.real.asgi_servers import Site, site
from tests.real.memory import MB, Growth, download, upload

SIZE = 1000  # MB
LIMIT = 16 * MB
RATE = 100e6  # rate of a slow client, in bytes per second

PASSES: dict[str, Callable[[Site], int]] = {
    "upload with a length": lambda site: int(upload(site.server, "/", SIZE, chunked=False)),
    "upload, chunked": lambda site: int(upload(site.server, "/", SIZE, chunked=True)),
    "download": lambda site: download(site.server, f"/stream?blocks={SIZE}", float("inf")),
    "download of a file": lambda site: download(site.server, f"/file?blocks={SIZE}", float("inf")),
    "download to a slow client": lambda site: download(site.server, f"/stream?blocks={SIZE}", RATE),
}


def main() -> int:
    failed = False
    with site("uvicorn", app="tests.real.apps.wsgi_large:app") as running:
        upload(running.server, "/", 2, chunked=True)  # one-time work is done
        for name, passing in PASSES.items():
            growth, began = Growth(running.server), time.monotonic()
            passed = passing(running)
            seconds = time.monotonic() - began
            failed |= passed != SIZE * MB or growth.bytes >= LIMIT
            print(
                f"{name:<26} {passed / MB:>6,.0f} MB {seconds:>6.1f} s   grown by {growth.bytes / MB:>5.1f} MB",
                flush=True,
            )
    print(f"That was more than {LIMIT / MB:.0f} MB, or not all." if failed else "Nothing has stayed in memory.")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
