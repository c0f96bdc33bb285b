"""Replacing asgiref.wsgi.WsgiToAsgi: change the import.

You want this because requests run concurrently, while asgiref runs one at a time; and
because on uvicorn, on keep-alive connections, asgiref 3.13 fails many requests
("CurrentThreadExecutor already quit or is broken"). `duplicate_header_limit` is
supported. In new code, use `gateways.adapters.WSGIToASGI(shop)`.

    $ uvicorn demos.replacing.before.asgiref_wsgi:app
    $ uvicorn demos.replacing.after.asgiref_wsgi:app
"""

from demos.flask_on_uvicorn import shop
from gateways.adapters.dropin import WsgiToAsgi

app = WsgiToAsgi(shop)
