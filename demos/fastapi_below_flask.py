"""A FastAPI app below a Flask app that stays on its WSGI server: new routes in the old
process.

You want this when the server and its configuration shall stay as they are, and what is
new is to be FastAPI all the same: the strangler fig, seen from the other side. What
changes is the object that the server is given: werkzeug's dispatcher sends what begins
with /api to FastAPI, whose links know that prefix; the rest is the old app's, as ever.

    $ waitress-serve --threads=8 demos.fastapi_below_flask:app
    $ curl localhost:8080/hello
    $ curl localhost:8080/api/worker localhost:8080/api/openapi.json
"""

from werkzeug.middleware.dispatcher import DispatcherMiddleware

from demos.fastapi_on_wsgi import api
from demos.flask_on_uvicorn import shop
from gateways.adapters import ASGIToWSGI

app = DispatcherMiddleware(shop, {"/api": ASGIToWSGI(api)})
