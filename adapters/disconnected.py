"""ClientDisconnected, in a module of its own: a CGI program that raises it does not pay for an event loop."""


class ClientDisconnected(OSError):
    """The client has gone, or the server on its behalf: there is no more to read, and nobody to write to."""
