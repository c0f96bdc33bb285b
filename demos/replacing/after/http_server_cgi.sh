#!/bin/sh
# To replace `python -m http.server --cgi`, which was removed in Python 3.15, change the command.
# Programs get PATH, LD_LIBRARY_PATH, the locale and the time zone, and the variables that you name with --env.
#
#   $ sh demos/replacing/before/http_server_cgi.sh 8000
#   $ sh demos/replacing/after/http_server_cgi.sh 8000

exec gateways serve demos/old_site --mode cgi --env GUESTBOOK --port "${1:-8000}"
