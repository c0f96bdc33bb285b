"""One request through five generations of interfaces: their table (generations), their execution (run), and their
presentation (the rest).

Knows traces. Code for a particular interface is in gateways/<mode>.
"""
