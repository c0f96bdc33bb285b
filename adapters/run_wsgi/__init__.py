"""Run a WSGI application: the server's role in PEP 3333."""
