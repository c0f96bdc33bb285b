"""`gateways check`: report the parts of an app that behave differently under another interface or server.

`run` starts a process that imports the app, watches it (`watch/`), sends requests (`send/`) and lints its messages
(`lint/`). The observations come back as `Seen` records; the pure rules (`rules/`) turn them into findings.
"""
