"""The side that a WSGI server sees of an application: the request body and the client connection."""
