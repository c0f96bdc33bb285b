"""Behave as an ASGI server expects of its application: scopes, messages and the request body."""
