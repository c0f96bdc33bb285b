"""CGI (RFC 3875): the reference app, its server, and its observer."""
