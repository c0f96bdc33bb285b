#!/bin/sh
printf 'Content-Type: text/plain\n\nhello\n'
sleep 60
echo never
