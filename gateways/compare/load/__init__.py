"""The load client: a process that sends requests to a server, verifies the responses, and reports times and results.

An order is a description of a load, such as its requests, connections and duration. `order` defines orders and
measurements. `work` carries out an order with one of three kinds of connections: `connections`, `echoes` or `behind`.
These kinds use the sockets of `engine`. `response`, `websocket`, `histogram` and `arrivals` are pure. `null` is a
server that shows the client's own limit. The client needs only the standard library, so any machine with Python can run
it. It must not know contenders.
"""
