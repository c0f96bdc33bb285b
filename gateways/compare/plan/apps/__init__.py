"""The reference app with two more routes, in its three forms: `/download?bytes=` sends a large body in blocks, and
`/block?seconds=` blocks its thread, as synchronous code does. In WSGI, `/ws` also returns the messages of a
WebSocket. All other routes are those of the reference app.
"""
