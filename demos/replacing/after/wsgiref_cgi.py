#!/usr/bin/env python3
"""Replacing wsgiref.handlers.CGIHandler in a CGI script: change the import and the last
line.

You want this because a stray print() cannot corrupt the response, an error gives a 500 or,
after the headers, an incomplete response, chunked uploads work, and rewrite rules that
hide the script's name are handled.

    $ gateways serve demos/replacing/before/wsgiref_cgi.py
    $ gateways serve demos/replacing/after/wsgiref_cgi.py
"""

from demos.flask_on_uvicorn import shop
from gateways.adapters import WSGIToCGI

WSGIToCGI(shop).run()
