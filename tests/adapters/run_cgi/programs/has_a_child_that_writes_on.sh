#!/bin/sh
# It ends at once; its child writes for longer than any pause that a host may wait for.
printf 'Content-Type: text/plain\n\n'
(for word in one two three four five; do sleep 0.3; printf "$word "; done) &
