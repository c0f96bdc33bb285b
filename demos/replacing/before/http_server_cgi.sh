#!/bin/sh
# To replace `python -m http.server --cgi`, which was removed in Python 3.15, change the command.
# Programs get PATH, LD_LIBRARY_PATH, the locale and the time zone, and the variables that you name with --env.
#
#   $ sh demos/replacing/before/http_server_cgi.sh 8000
#   $ sh demos/replacing/after/http_server_cgi.sh 8000

exec python3 -m http.server --cgi --bind 127.0.0.1 --directory demos/old_site "${1:-8000}"
