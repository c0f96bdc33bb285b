"""The CGI hosts, for programs that want the Authorization header, in the folder that the environment names."""

import os

from gateways.adapters.cgi_to_asgi import CGIToASGI
from gateways.adapters.cgi_to_wsgi import CGIToWSGI

FOLDER = os.environ["CGI_PROGRAMS"]
asgi = CGIToASGI(FOLDER, authorization=True)
wsgi = CGIToWSGI(FOLDER, authorization=True)
