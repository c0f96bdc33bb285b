#!/bin/sh
while sleep 0.1; do echo complaint >&2; done
