"""The part of the adapters that faces an ASGI server: scopes, messages and the request body."""
