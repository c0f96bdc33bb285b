#!/bin/sh
# It flushes its headers; the body comes once the file that its query names exists, or after ten seconds.
printf 'Content-Type: text/event-stream\n\n'
said=late tries=0
while [ $tries -lt 200 ]; do
    [ -e "$QUERY_STRING" ] && said=open && break
    sleep 0.05
    tries=$((tries + 1))
done
printf 'data: %s\n\n' "$said"
