#!/bin/sh
# Writes its head and one line; the rest once the file exists that the query names.
printf 'Content-Type: text/plain\n\nfirst\n'
while ! [ -e "$QUERY_STRING" ]; do sleep 0.02; done
echo second
