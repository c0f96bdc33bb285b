#!/bin/sh
# The query is the file that it makes when its work is done.
printf 'Content-Length: 5\n\nhello'
sleep 0.6
echo more than it promised
: > "$QUERY_STRING"
