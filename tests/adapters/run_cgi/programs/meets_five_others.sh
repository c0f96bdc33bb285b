#!/bin/sh
# The query is a folder, in which it leaves a file. It answers when six have done so, and gives up after half a minute.
: > "$QUERY_STRING/$$"
tries=600
while set -- "$QUERY_STRING"/*; [ $# -lt 6 ]; do
    tries=$((tries - 1))
    [ $tries -gt 0 ] || exit 1
    sleep 0.05
done
printf 'Content-Type: text/plain\n\nhello\n'
