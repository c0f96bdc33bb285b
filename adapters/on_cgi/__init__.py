"""The part of the adapters that faces a web server's CGI: environment, stdin, stdout and exit status."""
