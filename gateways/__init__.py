"""The toolkit: one app behind CGI, WSGI and ASGI, run, shown and measured. The adapters are a package of their own.

`cli` holds the commands; `serving` starts servers, each in a process of its own; `trace` records and renders what they
and an app say to each other; `cgi`, `wsgi` and `asgi` hold, under the same file names, what is particular to each.
"""
