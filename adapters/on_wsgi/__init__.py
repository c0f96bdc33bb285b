"""The part of the adapters that faces a WSGI server: the request body and the client connection."""
