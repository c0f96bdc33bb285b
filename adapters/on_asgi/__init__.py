"""The side that an ASGI server sees of an application: scopes, messages and the request body."""
