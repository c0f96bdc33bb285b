#!/bin/sh
printf 'first line\nsecond \033[31mline\nunfinished' >&2
printf 'Content-Type: text/plain\n\nhello\n'
