#!/bin/sh
# The query is the file that its job makes; the job has all its pipes, and is silent for longer than a host waits.
printf 'Content-Type: text/plain\n\nover\n'
(sleep 3; : > "$QUERY_STRING") &
