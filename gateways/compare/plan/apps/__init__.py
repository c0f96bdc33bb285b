"""The reference app with two more routes, in its three forms: `/download?bytes=` sends a large body in blocks, and
`/block?seconds=` blocks its thread, as code written without async does. Everything else is the reference app's.
"""
