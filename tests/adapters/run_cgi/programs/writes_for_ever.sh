#!/bin/sh
printf 'Content-Type: text/plain\n\n'
while :; do printf '%01024d\n' 0; done
