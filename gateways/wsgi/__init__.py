"""WSGI (PEP 3333): the reference app, its servers, and its observer."""
