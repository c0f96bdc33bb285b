"""One request through five generations of interfaces: which there are (generations), run (run), and told (the rest).

Knows traces. What is particular to an interface is in gateways/<mode>.
"""
