"""The apps of the CGI benchmark. They run the programs in CGI_FOLDER, cold and warm."""

from __future__ import annotations

import os

from gateways.adapters.cgi_to_asgi import CGIToASGI
from gateways.adapters.cgi_to_wsgi import CGIToWSGI

FOLDER = os.path.join(os.environ["CGI_FOLDER"], "cgi-bin")  # noqa: PTH118
IMPORTABLE = {"PYTHONPATH": os.getcwd()}  # noqa: PTH109

asgi = CGIToASGI(FOLDER, prefix="/cgi-bin", env=IMPORTABLE)
warm = CGIToASGI(FOLDER, prefix="/cgi-bin", env=IMPORTABLE, warm=True)
wsgi = CGIToWSGI(FOLDER, prefix="/cgi-bin", env=IMPORTABLE)
