#!/bin/sh
# Its job writes to stdout after a silence that no host waits for.
printf 'Content-Type: text/plain\n\nover\n'
(sleep 3; echo late) &
