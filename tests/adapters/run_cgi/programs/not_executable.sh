#!/bin/sh
# secret source
printf 'Content-Type: text/plain\n\nhello\n'
