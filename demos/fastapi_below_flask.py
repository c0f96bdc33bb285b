"""A FastAPI app mounted in a Flask app, which stays on its WSGI server.

Use this if you keep the server and its configuration, but want to write new routes with
FastAPI. Both apps run in one process. Only the object that the server runs changes.
werkzeug's dispatcher sends paths under /api to FastAPI, and FastAPI's links include this
prefix. The old app serves all other paths.

    $ waitress-serve --threads=8 demos.fastapi_below_flask:app
    $ curl localhost:8080/hello
    $ curl localhost:8080/api/worker localhost:8080/api/openapi.json
"""

from werkzeug.middleware.dispatcher import DispatcherMiddleware

from demos.fastapi_on_wsgi import api
from demos.flask_on_uvicorn import shop
from gateways.adapters import ASGIToWSGI

app = DispatcherMiddleware(shop, {"/api": ASGIToWSGI(api)})
