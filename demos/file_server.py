"""A folder of files and CGI programs, in place of `python -m http.server --cgi`.

Use this if your Python no longer has `--cgi` (3.15) or warns about it (3.13). This server
differs from `http.server` in these points. It serves many requests at the same time. When a
client disconnects, its program is terminated. The source of a program is never sent. A
program gets only PATH, the locale, and the variables that you name. The command below is
enough. You need this module only to serve a folder from your own program.

    $ gateways serve demos/old_site --mode cgi --env GUESTBOOK
    $ uvicorn demos.file_server:app
    $ curl localhost:8000/ localhost:8000/cgi-bin/guestbook.py
"""

from pathlib import Path

from gateways.cgi.site import site

app = site(Path(__file__).parent / "old_site", inherit=["GUESTBOOK"])
