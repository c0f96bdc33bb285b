#!/bin/sh
printf 'Content-Type: text/plain\n\nover\n'
sleep 60 &
