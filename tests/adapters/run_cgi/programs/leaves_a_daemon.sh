#!/bin/sh
# The query is the file that its child makes after it has ended; the child holds none of its pipes.
printf 'Content-Type: text/plain\n\nover\n'
(sleep 0.6; : > "$QUERY_STRING") >/dev/null 2>&1 </dev/null &
