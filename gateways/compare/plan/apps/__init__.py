"""The reference app with two more routes, in its three forms: `/download?bytes=` gives a large body in blocks, and
`/block?seconds=` waits as code does that knows nothing of event loops. Everything else is the reference app's.
"""
