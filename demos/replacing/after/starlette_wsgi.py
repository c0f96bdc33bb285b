"""Replacing Starlette's WSGIMiddleware, which is FastAPI's too (fastapi.middleware.wsgi):
change the import.

You want this because Starlette's is deprecated, and keeps whole uploads and responses in
memory. The mount, and the paths and links of the mounted app, do not change. Starlette's
takes only the app; this one also takes `workers`, the number of threads (default 10). In
new code, use `gateways.adapters.WSGIToASGI(shop)`.

    $ uvicorn demos.replacing.before.starlette_wsgi:app
    $ uvicorn demos.replacing.after.starlette_wsgi:app
"""

from starlette.applications import Starlette
from starlette.routing import Mount

from demos.flask_on_uvicorn import shop
from gateways.adapters.dropin import WSGIMiddleware

app = Starlette(routes=[Mount("/legacy", WSGIMiddleware(shop))])
