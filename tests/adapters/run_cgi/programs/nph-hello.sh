#!/bin/sh
printf 'HTTP/1.1 299 Fine\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\nhello\n'
