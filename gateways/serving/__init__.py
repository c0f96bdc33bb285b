"""Run servers as processes. `server` describes a server, `listen` binds its socket, `process` and `child` run it.

The table of the servers of each interface is in gateways/<mode>/server.py.
"""
