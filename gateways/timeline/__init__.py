"""Send one request through five generations of interfaces. `generations` is their table, `run` executes them, and the
other modules present the result.

Knows traces. Code for a particular interface is in gateways/<mode>.
"""
