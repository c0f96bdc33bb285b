#!/bin/sh
# Shows the disk usage and the request.
echo "Content-Type: text/plain"
echo
echo "$REQUEST_METHOD $SCRIPT_NAME${PATH_INFO}"
df -P /
