"""A Flask app to be traced."""

from flask import Flask, request
from flask_sock import Sock
from simple_websocket import Server

app = Flask(__name__)
sock = Sock(app)


@app.get("/hello")
def hello() -> str:
    return f"hello {request.args.get('name', 'you')}"


@app.post("/echo")
def echo() -> bytes:
    return request.get_data()[::-1]


def chat(ws: Server) -> None:
    while True:
        ws.send(f"you said {ws.receive()}")


sock.route("/chat")(chat)
