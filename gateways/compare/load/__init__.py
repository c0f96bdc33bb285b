"""The load client: a process of its own that asks a server, verifies the answers and says what it saw and when.

`order` is what it is asked for and answers; `work` carries an order out, with `askers`, `echoes` and `behind` for
connections and `engine` for sockets; `response`, `websocket`, `histogram` and `arrivals` are arithmetic. `null` is the
server that shows the client's own limit. Standard library only, so that it runs wherever Python does.
"""
