#!/bin/sh
# It closes its output, and fails once the file that its query names exists.
printf 'Content-Type: text/plain\n\nover\n'
exec >&- 2>&-
while [ ! -e "$QUERY_STRING" ]; do sleep 0.05; done
exit 3
