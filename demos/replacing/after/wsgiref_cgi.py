#!/usr/bin/env python3
"""Replacing wsgiref.handlers.CGIHandler in a CGI script: change the import and the last
line.

You want this because a stray print() cannot spoil the response, an error before the head
is a 500 and one after it is no whole response, uploads sent in chunks arrive, and a
rewriting that hides the script's name is seen and undone.

    $ gateways serve demos/replacing/before/wsgiref_cgi.py
    $ gateways serve demos/replacing/after/wsgiref_cgi.py
"""

from demos.flask_on_uvicorn import shop
from gateways.adapters import WSGIToCGI

WSGIToCGI(shop).run()
