"""A Flask app with flask-sock for websocket_checks.py, as WSGI (`site`) and behind WSGIToASGI (`app`)."""

from __future__ import annotations

from typing import Any

from flask import Flask, Response, abort, jsonify, request
from flask_sock import Sock
from simple_websocket import ConnectionClosed, Server

from gateways.adapters import WSGIToASGI

site = Flask(__name__)
site.config["SOCK_SERVER_OPTIONS"] = {"subprotocols": ["chat.v2"]}
noted: list[Any] = []
room: set[Server] = set()


@site.before_request
def deny() -> None:
    if request.path == "/deny":
        abort(Response("not you", 403, {"X-Why": "rules"}))
    if request.path == "/fail-before":
        raise RuntimeError("an error before accept")


@site.get("/noted")
def what_was_noted() -> Response:
    return jsonify(noted)


def echo(ws: Server) -> None:
    try:
        while True:
            ws.send(ws.receive())
    except ConnectionClosed as closed:
        noted.append([int(closed.reason), closed.message or ""])
        raise


def subprotocol(ws: Server) -> None:
    ws.send("ready")


def close(ws: Server) -> None:
    ws.send("last")
    ws.close(4321, "enough")


def close_long(ws: Server) -> None:
    ws.close(4123, "é" * 61 + "x")


def never_reached(ws: Server) -> None:
    raise AssertionError("before_request answers")


def fail_after(ws: Server) -> None:
    raise RuntimeError("an error after accept")


def chat(ws: Server) -> None:
    room.add(ws)
    try:
        ws.send("welcome")
        while True:
            text = ws.receive()
            for other in list(room):
                other.send(text)
    finally:
        room.discard(ws)


def flood(ws: Server) -> None:
    for _ in range(320):
        ws.send(bytes(64 * 1024))


sock = Sock(site)
for path, view in {
    "/echo": echo,
    "/subprotocol": subprotocol,
    "/close": close,
    "/close-long": close_long,
    "/deny": never_reached,
    "/fail-before": never_reached,
    "/fail-after": fail_after,
    "/room": chat,
    "/flood": flood,
}.items():
    sock.route(path, endpoint=path)(view)

app = WSGIToASGI(site, threads=4)
