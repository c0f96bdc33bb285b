#!/bin/sh
# A CGI program to be traced.
echo "a complaint" >&2
printf 'Content-Type: text/plain\r\n\r\n'
printf '%s %s: ' "$REQUEST_METHOD" "$PATH_INFO"
head -c "${CONTENT_LENGTH:-0}"
