"""The page of `gateways demo`: one press of a button asks CGI, WSGI and ASGI the same, and shows what each does.

It runs in a process of its own (app), is told what happens by the command (link), tells browsers (feed, told), and asks
the three servers in a browser's stead (actions, client, chat). Knows none of the three sides.
"""
