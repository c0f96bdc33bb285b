"""CGI (RFC 3875): the reference app, its server, and the observer that records its steps."""
