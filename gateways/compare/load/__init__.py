"""The load client: a process that sends requests to a server, verifies the responses, and reports times and results.

`order` has its orders and measurements; `work` carries an order out, with `connections`, `echoes` and `behind` for
connections and `engine` for sockets; `response`, `websocket`, `histogram` and `arrivals` are arithmetic. `null` is the
server that shows the client's own limit. Standard library only, so that it runs wherever Python does.
"""
