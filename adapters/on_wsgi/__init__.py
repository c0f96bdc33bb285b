"""The adapters' interface to a WSGI server: the request body and the client's connection."""
