"""Apps for `gateways check`: three with planted traps, three clean ones. The tests name the lines of the traps."""
