#!/bin/sh
# The query is the file that it makes when its work is done: at the latest after two seconds, and at once when FILE.go exists.
printf 'Content-Length: 5\n\nhello'
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do [ -e "$QUERY_STRING.go" ] && break; sleep 0.1; done
echo more than it promised
: > "$QUERY_STRING"
