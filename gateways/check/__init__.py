"""`gateways check`: report the code of an app that behaves differently under another interface or server.

`run` starts a process that imports the app, watches it (`watch/`), sends requests (`send/`) and checks its messages
(`lint/`). The process returns its observations as `Seen` records. The pure rules (`rules/`) derive findings from them.
"""
