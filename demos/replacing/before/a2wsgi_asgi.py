"""To replace a2wsgi.ASGIMiddleware, change the import.

This adapter runs the lifespan, passes `state`, and logs errors. If you pass a `loop`, the
app runs on this loop, as before. The loop must run in another thread. Most users can omit
`loop`. `wait_time` is accepted and ignored. The response ends when the app ends it, and no
thread waits for later work. In new code, use `gateways.adapters.ASGIToWSGI(api)`.

    $ waitress-serve demos.replacing.before.a2wsgi_asgi:app
    $ waitress-serve demos.replacing.after.a2wsgi_asgi:app
"""

import asyncio
import threading

from a2wsgi import ASGIMiddleware

from demos.fastapi_on_wsgi import api

loop = asyncio.new_event_loop()
threading.Thread(target=loop.run_forever, daemon=True).start()
app = ASGIMiddleware(api, wait_time=5.0, loop=loop)
