"""Behave as a WSGI server expects of its application: the request body and the client connection."""
