#!/usr/bin/env python3
"""A FastAPI app as a CGI script, for shared hosting that runs nothing else.

You want this when all you have is a folder behind Apache. What changes is nothing in the
app: upload this file, api.py and .htaccess to that folder, name the Python of your
virtual environment in the first line, and chmod 755 this file. The app is started for
each request, lifespan included, and ended after it: a third of a second, most of it
importing FastAPI.

    $ python demos/shared_hosting/app.cgi '/items/3?q=tea'
    $ gateways serve demos/shared_hosting/app.cgi
"""

from api import app

from gateways.adapters import ASGIToCGI

ASGIToCGI(app).run()
