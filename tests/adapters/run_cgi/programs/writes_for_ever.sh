#!/bin/sh
# It writes three megabytes per second at most: more costs processor time and shows nothing.
printf 'Content-Type: text/plain\n\n'
while :; do printf '%065536d\n' 0; sleep 0.02; done
