"""To replace asgiref.wsgi.WsgiToAsgi, change the import.

This adapter runs requests concurrently, whereas asgiref runs one at a time. On uvicorn,
with keep-alive connections, many requests fail in asgiref 3.13 ("CurrentThreadExecutor
already quit or is broken"). They succeed with this adapter. `duplicate_header_limit` is
supported. In new code, use `gateways.adapters.WSGIToASGI(shop)`.

    $ uvicorn demos.replacing.before.asgiref_wsgi:app
    $ uvicorn demos.replacing.after.asgiref_wsgi:app
"""

from demos.flask_on_uvicorn import shop
from gateways.adapters.dropin import WsgiToAsgi

app = WsgiToAsgi(shop)
