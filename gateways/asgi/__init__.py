"""ASGI 3: the reference app, its servers, and its observer."""
