"""Send the same requests to two stacks, and report the differences between their responses that exceed the noise.

The pure modules are answer, facets, text, structure, judge, timing, known, accepted and document. The module ask sends
one request. The module side starts a server, or uses a running one. The module run sends the rounds of requests. The
modules terminal and page show the result.
"""
