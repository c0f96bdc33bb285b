"""The toolkit: serve, inspect and measure an app under CGI, WSGI and ASGI. The adapters are a separate package.

`cli` holds the commands. `serving` starts each server in its own process. `trace` records and renders the calls between
a server and an app. `cgi`, `wsgi` and `asgi` hold the code for one interface each, under the same file names.
"""
