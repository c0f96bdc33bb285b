"""A cgi-bin folder on uvicorn, with warm Python programs.

Use this if you still need old programs, but must replace their server. The programs do not
change. Each request still runs in a new process, with its own variables, arguments and
pipes. A Python program runs in a fork of an interpreter that has already imported its
libraries. A request to a small program then takes a fifth of the time, and with Flask a
twelfth (docs/benchmarks-cgi.md). When the client disconnects, the program and its children
are terminated.

    $ uvicorn demos.cgi_bin_on_uvicorn:app
    $ curl localhost:8000/cgi-bin/guestbook.py -d 'name=Ada&text=hello'
    $ curl localhost:8000/cgi-bin/disk.sh
"""

from pathlib import Path

from gateways.adapters import CGIToASGI

programs = Path(__file__).parent / "old_site" / "cgi-bin"
app = CGIToASGI(programs, prefix="/cgi-bin", inherit=["GUESTBOOK"], warm=True)
