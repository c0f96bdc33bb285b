"""ASGI 3: the reference app in that form, how it is served, how it is watched."""
