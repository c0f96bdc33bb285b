"""How tests run gunicorn. A file, because gunicorn overlooks here what an older version does not know."""

threads = 8
graceful_timeout = 1
control_socket_disable = True  # else, from version 25.1 on, a socket below the home directory
