"""Run a CGI program (RFC 3875): find it, start it, send its input, parse its output, terminate it."""
