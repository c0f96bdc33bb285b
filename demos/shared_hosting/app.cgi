#!/usr/bin/env python3
"""A FastAPI app as a CGI program, for shared hosting that offers only CGI.

Use this if you only have a folder on an Apache server. The app does not change. Upload
this file, api.py and .htaccess to that folder. Write the Python of your virtual
environment in the first line, and chmod 755 this file. Each request starts the app and its
lifespan, and stops them. This takes a third of a second, mostly to import FastAPI.

    $ python demos/shared_hosting/app.cgi '/items/3?q=tea'
    $ gateways serve demos/shared_hosting/app.cgi
"""

from api import app

from gateways.adapters import ASGIToCGI

ASGIToCGI(app).run()
