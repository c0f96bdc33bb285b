"""Servers as processes: which there are (server), where they listen (listen), started and ended (process, child).

Knows nothing of the three interfaces beyond their names; what is particular to one is in gateways/<mode>/server.py.
"""
