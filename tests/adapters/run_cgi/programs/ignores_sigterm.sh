#!/bin/sh
# So do its children: an ignored signal stays ignored.
trap '' TERM
printf 'Content-Type: text/plain\n\nhello\n'
sleep 60
sleep 60
