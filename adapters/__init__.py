"""Bridges between CGI, WSGI and ASGI. Standard library only; usable alone."""
