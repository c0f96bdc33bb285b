#!/bin/sh
printf 'Content-Type: text/plain\n\n'
while :; do echo tick; sleep 0.2; done
