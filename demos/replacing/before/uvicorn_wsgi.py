"""To replace uvicorn's WSGIMiddleware, change the import.

uvicorn's class is deprecated, and keeps unsent response data in memory. `workers` is the
number of threads, as before. `uvicorn --interface wsgi module:shop` uses the same class.
Instead, wrap the app as below, and omit the option. In new code, use
`gateways.adapters.WSGIToASGI(shop, threads=20)`.

    $ uvicorn demos.replacing.before.uvicorn_wsgi:app
    $ uvicorn demos.replacing.after.uvicorn_wsgi:app
"""

from uvicorn.middleware.wsgi import WSGIMiddleware

from demos.flask_on_uvicorn import shop

app = WSGIMiddleware(shop, workers=20)
