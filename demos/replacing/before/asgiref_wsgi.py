"""Replacing asgiref.wsgi.WsgiToAsgi: change the import.

You want this because requests run side by side, where asgiref runs one at a time; and
because under uvicorn, on connections that are kept, asgiref 3.13 fails many a request
("CurrentThreadExecutor already quit or is broken"). `duplicate_header_limit` is kept. New
code says `gateways.adapters.WSGIToASGI(shop)`.

    $ uvicorn demos.replacing.before.asgiref_wsgi:app
    $ uvicorn demos.replacing.after.asgiref_wsgi:app
"""

from asgiref.wsgi import WsgiToAsgi

from demos.flask_on_uvicorn import shop

app = WsgiToAsgi(shop)
