"""Two stacks asked the same requests, and what differs between their answers beyond noise.

answer, facets, text, structure, judge, timing, known, accepted and document are pure: they decide. ask sends one
request, side runs a server or reaches one, run puts rounds in order. terminal and page show the result.
"""
