"""The configuration of gunicorn in tests. It is a file, because older versions ignore unknown settings in a file."""

threads = 8
graceful_timeout = 1
control_socket_disable = True  # else, from version 25.1 on, a socket below the home directory
