"""The two pure mappings: requests (scope, environ, meta-variables) and response headers (CGI, WSGI, ASGI)."""
