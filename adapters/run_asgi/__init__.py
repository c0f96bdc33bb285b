"""Run an ASGI application: its lifespan, and one task per request."""
