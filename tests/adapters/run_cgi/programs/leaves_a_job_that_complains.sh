#!/bin/sh
# The query is the file that its job makes; the job has let go of stdout, and writes to stderr.
printf 'Content-Type: text/plain\n\nover\n'
(sleep 0.6; echo "the job says" >&2; : > "$QUERY_STRING") </dev/null >/dev/null &
