"""To replace a2wsgi.WSGIMiddleware, change the import.

This adapter is faster, ends uploads and streams on a disconnect, and runs async views on
the server's loop. `workers` is the number of threads, as before. `send_queue_size` is
accepted and ignored, because the queue for a slow client is limited in bytes, not in
blocks. In new code, use `gateways.adapters.WSGIToASGI(shop, threads=20)`.

    $ uvicorn demos.replacing.before.a2wsgi_wsgi:app
    $ uvicorn demos.replacing.after.a2wsgi_wsgi:app
"""

from demos.flask_on_uvicorn import shop
from gateways.adapters.dropin import WSGIMiddleware

app = WSGIMiddleware(shop, workers=20, send_queue_size=5)
