"""The load client: a process that sends requests to a server, verifies the responses, and reports times and results.

`order` has its orders and measurements. `work` carries out an order: over `connections`, `echoes` or `behind` (three
kinds of connections), which use the sockets of `engine`. `response`, `websocket`, `histogram` and `arrivals` are
arithmetic. `null` is the server that shows the client's own limit. Standard library only, so that it runs wherever
Python does.
"""
