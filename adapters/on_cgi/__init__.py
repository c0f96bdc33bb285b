"""The side that a CGI host sees of its program: environment, stdin, stdout and exit status."""
