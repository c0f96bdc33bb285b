#!/bin/sh
printf 'Content-Type: text/plain\n\nhello\n'
(trap '' TERM; sleep 60; sleep 60) &
wait
