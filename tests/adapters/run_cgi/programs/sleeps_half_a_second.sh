#!/bin/sh
sleep 0.5
printf 'Content-Type: text/plain\n\nhello\n'
