"""The adapters' interface to a web server's CGI: environment, stdin, stdout and exit status."""
