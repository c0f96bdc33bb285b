#!/bin/sh
# The query is the file that it makes when its work is done.
printf 'Content-Type: text/plain\n\nover\n'
exec >&-
sleep 0.6
: > "$QUERY_STRING"
