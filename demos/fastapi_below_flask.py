"""A FastAPI app below a Flask app that stays on its WSGI server: new routes in the old
process.

You want this when the server and its configuration stay, and new code uses FastAPI: the
strangler fig from the other side. Only the object that the server runs changes.
werkzeug's dispatcher sends paths below /api to FastAPI, whose links include that prefix;
the old app serves all others.

    $ waitress-serve --threads=8 demos.fastapi_below_flask:app
    $ curl localhost:8080/hello
    $ curl localhost:8080/api/worker localhost:8080/api/openapi.json
"""

from werkzeug.middleware.dispatcher import DispatcherMiddleware

from demos.fastapi_on_wsgi import api
from demos.flask_on_uvicorn import shop
from gateways.adapters import ASGIToWSGI

app = DispatcherMiddleware(shop, {"/api": ASGIToWSGI(api)})
