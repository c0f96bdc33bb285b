#!/bin/sh
printf 'Location: %s\n\n' "$SCRIPT_NAME"
