"""Replacing uvicorn's WSGIMiddleware: change the import.

You want this because uvicorn's is deprecated, and keeps what the client has yet to read
in memory. `workers` is the number of threads, as before. The same class is behind
`uvicorn --interface wsgi module:shop`: for that, name an adapted app, as below, and leave
the option out. New code says `gateways.adapters.WSGIToASGI(shop, threads=20)`.

    $ uvicorn demos.replacing.before.uvicorn_wsgi:app
    $ uvicorn demos.replacing.after.uvicorn_wsgi:app
"""

from uvicorn.middleware.wsgi import WSGIMiddleware

from demos.flask_on_uvicorn import shop

app = WSGIMiddleware(shop, workers=20)
