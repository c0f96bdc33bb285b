"""The adapters' interface to an ASGI server: scopes, messages and the request body."""
