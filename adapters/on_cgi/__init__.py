"""Behave as a CGI host expects of its program: environment, stdin, stdout and exit status."""
