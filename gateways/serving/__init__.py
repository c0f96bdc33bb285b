"""Run servers as processes. `server` describes a server, `listen` binds its socket, `process` and `child` run it.

Knows only the names of the three interfaces. Code for one interface is in gateways/<mode>/server.py.
"""
