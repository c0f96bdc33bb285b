"""Send the same requests to two stacks, and report the differences between their responses that exceed the noise.

The pure modules are answer, facets, text, structure, judge, timing, known, accepted and document. ask sends one
request, side starts a server or uses a running one, and run sends the rounds. terminal and page show the result.
"""
