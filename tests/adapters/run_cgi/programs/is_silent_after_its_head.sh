#!/bin/sh
printf 'Content-Type: text/plain\n\nhello\n'
exec sleep 60
