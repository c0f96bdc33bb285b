"""The page of `gateways demo`: a button sends the same request to CGI, WSGI and ASGI, and the page shows each response.

The page has its own process (app). This process gets events from the command (link), and passes them to browsers (feed,
items). It also sends the requests to the three servers (actions, client, chat). A lane is one of these servers. This
package has no code for a single interface, except the app of the WSGI lane, which needs an adapter for WebSockets
(lane).
"""
