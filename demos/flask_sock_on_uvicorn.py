"""A Flask app with WebSockets (flask-sock) on uvicorn, unchanged.

flask-sock, Flask-SocketIO and Django with simple-websocket take over the socket of the
WSGI server. An ASGI server provides no socket, so WSGIToASGI gives the app one end of a
socket pair. Only the last line changes. Each WebSocket holds a thread, as it does under
gunicorn.

    $ uvicorn demos.flask_sock_on_uvicorn:app
    $ python -m websockets ws://localhost:8000/chat
"""

import threading

from flask import Flask
from flask_sock import Sock
from simple_websocket import Server

from gateways.adapters import WSGIToASGI

site = Flask(__name__)
sock = Sock(site)
here: set[Server] = set()


@site.get("/")
def count() -> dict[str, int]:
    return {"here": len(here), "threads": threading.active_count()}


def chat(ws: Server) -> None:
    here.add(ws)
    try:
        while True:
            text = ws.receive()
            for each in list(here):
                each.send(text)
    finally:
        here.discard(ws)


sock.route("/chat")(chat)

app = WSGIToASGI(site, websockets=100)
