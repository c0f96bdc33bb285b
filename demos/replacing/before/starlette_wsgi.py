"""To replace Starlette's WSGIMiddleware, which FastAPI also has (fastapi.middleware.wsgi),
change the import.

Starlette's class is deprecated, and keeps whole uploads and responses in memory. The
mount, and the paths and links of the mounted app, do not change. This class also takes
`workers`, the number of threads (default 10). In new code, use
`gateways.adapters.WSGIToASGI(shop)`.

    $ uvicorn demos.replacing.before.starlette_wsgi:app
    $ uvicorn demos.replacing.after.starlette_wsgi:app
"""

from starlette.applications import Starlette
from starlette.middleware.wsgi import WSGIMiddleware
from starlette.routing import Mount

from demos.flask_on_uvicorn import shop

app = Starlette(routes=[Mount("/legacy", WSGIMiddleware(shop))])
