"""Replacing a2wsgi.ASGIMiddleware: change the import.

You want this because the lifespan runs, `state` arrives, and errors are logged. `loop` is
used as before: the app runs on it, and it must run in another thread; most can leave it
out. `wait_time` is taken and means nothing: the response ends when the app says so, and
no thread waits for what it does afterwards. New code says
`gateways.adapters.ASGIToWSGI(api)`.

    $ waitress-serve demos.replacing.before.a2wsgi_asgi:app
    $ waitress-serve demos.replacing.after.a2wsgi_asgi:app
"""

import asyncio
import threading

from demos.fastapi_on_wsgi import api
from gateways.adapters.dropin import ASGIMiddleware

loop = asyncio.new_event_loop()
threading.Thread(target=loop.run_forever, daemon=True).start()
app = ASGIMiddleware(api, wait_time=5.0, loop=loop)
