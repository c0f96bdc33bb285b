"""The configuration of gunicorn in tests. It is a file, because older versions ignore unknown settings in a file."""

threads = 8
graceful_timeout = 1
control_socket_disable = True  # otherwise version 25.1 and later create a socket below the home directory
