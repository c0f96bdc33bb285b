"""The page of `gateways demo`: a button sends the same request to CGI, WSGI and ASGI, and the page shows each response.

The page has its own process (app). This process gets events from the command (link), and passes them to browsers (feed,
items). It also sends the requests to the three servers (actions, client, chat). A lane is one of these servers. Knows
no code of the three interfaces, except that the WSGI lane serves WebSockets through an adapter (lane).
"""
