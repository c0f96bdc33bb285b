"""Breaches of an interface by the app itself, each with its clause: tables for ASGI, wsgiref.validate for WSGI."""
