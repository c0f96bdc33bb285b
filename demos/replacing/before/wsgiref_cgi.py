#!/usr/bin/env python3
"""To replace wsgiref.handlers.CGIHandler in a CGI program, change the import and the last
line.

With this adapter, print() in the app does not corrupt the response, and chunked uploads
work. It also supports rewrite rules that hide the script's name. If the app fails, the
client gets a 500, or an incomplete response if the headers have been sent.

    $ gateways serve demos/replacing/before/wsgiref_cgi.py
    $ gateways serve demos/replacing/after/wsgiref_cgi.py
"""

from wsgiref.handlers import CGIHandler

from demos.flask_on_uvicorn import shop

CGIHandler().run(shop)
