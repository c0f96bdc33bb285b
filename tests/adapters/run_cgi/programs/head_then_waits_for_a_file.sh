#!/bin/sh
# Writes its head; the body once the file exists that the query names.
printf 'Content-Type: text/plain\n\n'
while ! [ -e "$QUERY_STRING" ]; do sleep 0.02; done
echo body
