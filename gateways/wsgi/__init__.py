"""WSGI (PEP 3333): the reference app, its servers, and the observer that records its steps."""
