#!/bin/sh
# How full the disk is, and how this was asked for.
echo "Content-Type: text/plain"
echo
echo "$REQUEST_METHOD $SCRIPT_NAME${PATH_INFO}"
df -P /
