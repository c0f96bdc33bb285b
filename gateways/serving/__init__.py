"""Run servers as processes: the table of servers (server), their sockets (listen), start and stop (process, child).

Knows only the names of the three interfaces. Code for one interface is in gateways/<mode>/server.py.
"""
