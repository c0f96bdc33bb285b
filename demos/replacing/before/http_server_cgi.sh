#!/bin/sh
# Replacing `python -m http.server --cgi`, which is gone from Python 3.15: change the command.
# Programs get PATH, LD_LIBRARY_PATH, the locale and the time zone, and what you name with --env.
#
#   $ sh demos/replacing/before/http_server_cgi.sh 8000
#   $ sh demos/replacing/after/http_server_cgi.sh 8000

exec python3 -m http.server --cgi --bind 127.0.0.1 --directory demos/old_site "${1:-8000}"
