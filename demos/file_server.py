"""A folder of files with a cgi-bin: what `python -m http.server --cgi` was for.

You want this when your Python has no `--cgi` any more (3.15) or warns of it (3.13). What
changes: many requests at once, a program ends when its client leaves, its source is never
sent, and it gets no variable of your environment that you do not name. The command alone
is enough; the module is for those who serve a folder from a program of their own.

    $ gateways serve demos/old_site --mode cgi --env GUESTBOOK
    $ uvicorn demos.file_server:app
    $ curl localhost:8000/ localhost:8000/cgi-bin/guestbook.py
"""

from pathlib import Path

from gateways.cgi.site import site

app = site(Path(__file__).parent / "old_site", inherit=["GUESTBOOK"])
