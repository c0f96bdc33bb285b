"""WSGI (PEP 3333): the reference app in that form, how it is served, how it is watched."""
