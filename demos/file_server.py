"""A folder of files with a cgi-bin: what `python -m http.server --cgi` was for.

You want this when your Python no longer has `--cgi` (3.15) or warns about it (3.13). The
differences: many concurrent requests; a program is terminated when its client
disconnects; its source is never sent; it gets only the environment variables you name.
The command is enough. Use the module to serve a folder from your own program.

    $ gateways serve demos/old_site --mode cgi --env GUESTBOOK
    $ uvicorn demos.file_server:app
    $ curl localhost:8000/ localhost:8000/cgi-bin/guestbook.py
"""

from pathlib import Path

from gateways.cgi.site import site

app = site(Path(__file__).parent / "old_site", inherit=["GUESTBOOK"])
