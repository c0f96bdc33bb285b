"""A cgi-bin on uvicorn, its Python programs warm.

You want this when you still need old programs and their server goes away. The programs
do not change: each request still runs in its own process, with its variables, arguments
and pipes. A Python program starts from an interpreter that has already imported its
modules: it takes a fifth of the time for a small program, a twelfth with Flask
(docs/benchmarks-cgi.md). When the client disconnects, the program and its children are
terminated.

    $ uvicorn demos.cgi_bin_on_uvicorn:app
    $ curl localhost:8000/cgi-bin/guestbook.py -d 'name=Ada&text=hello'
    $ curl localhost:8000/cgi-bin/disk.sh
"""

from pathlib import Path

from gateways.adapters import CGIToASGI

programs = Path(__file__).parent / "old_site" / "cgi-bin"
app = CGIToASGI(programs, prefix="/cgi-bin", inherit=["GUESTBOOK"], warm=True)
