"""The CGI hosts for one program: CGI_PROGRAM is its path, CGI_VARIABLES are its own variables as JSON."""

import json
import os

from gateways.adapters.cgi_to_asgi import CGIToASGI
from gateways.adapters.cgi_to_wsgi import CGIToWSGI

PROGRAM, VARIABLES = os.environ["CGI_PROGRAM"], json.loads(os.environ["CGI_VARIABLES"])
asgi = CGIToASGI(PROGRAM, env=VARIABLES)
wsgi = CGIToWSGI(PROGRAM, env=VARIABLES)
