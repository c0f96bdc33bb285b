"""A cgi-bin on uvicorn, its Python programs warm.

You want this when old programs still earn their keep and the server in front of them
goes. What changes is nothing in the programs: each request is still a process of its own,
with its variables, arguments and pipes. But a Python program starts from an interpreter
that has already imported what it needs: a seventh of the time for a small program, a
twentieth for a framework's (docs/benchmarks-cgi.md). A program is ended, with all its
children, when its client leaves.

    $ uvicorn demos.cgi_bin_on_uvicorn:app
    $ curl localhost:8000/cgi-bin/guestbook.py -d 'name=Ada&text=hello'
    $ curl localhost:8000/cgi-bin/disk.sh
"""

from pathlib import Path

from gateways.adapters import CGIToASGI

programs = Path(__file__).parent / "old_site" / "cgi-bin"
app = CGIToASGI(programs, prefix="/cgi-bin", inherit=["GUESTBOOK"], warm=True)
