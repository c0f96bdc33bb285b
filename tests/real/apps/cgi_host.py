"""The CGI hosts, for the folder named in the environment."""

import os

from gateways.adapters.cgi_to_asgi import CGIToASGI
from gateways.adapters.cgi_to_wsgi import CGIToWSGI

FOLDER = os.environ["CGI_PROGRAMS"]
asgi = CGIToASGI(FOLDER)
wsgi = CGIToWSGI(FOLDER)
