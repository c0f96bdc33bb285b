#!/usr/bin/env python3
"""A FastAPI app as a CGI script, for shared hosting that runs nothing else.

You want this when you only have a folder on an Apache server. The app does not change:
upload this file, api.py and .htaccess to that folder, name the Python of your virtual
environment in the first line, and chmod 755 this file. Each request starts the app with
its lifespan and stops it: a third of a second, mostly for importing FastAPI.

    $ python demos/shared_hosting/app.cgi '/items/3?q=tea'
    $ gateways serve demos/shared_hosting/app.cgi
"""

from api import app

from gateways.adapters import ASGIToCGI

ASGIToCGI(app).run()
