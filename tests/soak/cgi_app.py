"""The CGI hosts of the soak, for the folder named in the environment: cold, or warm."""

import os

from gateways.adapters import CGIToASGI, CGIToWSGI

FOLDER, WARM = os.environ["CGI_PROGRAMS"], os.environ["CGI_WARM"] == "yes"
asgi = CGIToASGI(FOLDER, warm=WARM)
wsgi = CGIToWSGI(FOLDER, warm=WARM)
