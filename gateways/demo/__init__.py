"""The page of `gateways demo`: a button sends the same request to CGI, WSGI and ASGI, and the page shows each response.

It runs in its own process (app), gets events from the command (link), passes them to browsers (feed, items), and sends
the requests to the three servers itself (actions, client, chat). A lane is one of these servers.
Knows no code of the three interfaces, except that the WSGI lane serves WebSockets through an adapter (lane).
"""
