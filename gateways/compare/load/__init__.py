"""The load client: a process that sends requests to a server, verifies the responses, and reports times and results.

`order` defines orders and measurements. `work` carries out an order with one of three kinds of connections:
`connections`, `echoes` or `behind`. These use the sockets of `engine`. `response`, `websocket`, `histogram` and
`arrivals` are pure. `null` is a server that shows the client's own limit. The client needs only the standard library,
so it runs wherever Python runs. It must not know contenders.
"""
