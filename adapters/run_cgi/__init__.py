"""Run a CGI program (RFC 3875): find it, start it, feed it, parse its output, end it."""
