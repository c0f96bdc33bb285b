"""Run a WSGI application: the side of PEP 3333 that the application sees."""
