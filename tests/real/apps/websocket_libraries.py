"""Flask-SocketIO, python-socketio and Django, which take a WSGI server's socket, each behind WSGIToASGI."""

from __future__ import annotations

from typing import Any

import simple_websocket
import socketio
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpRequest, HttpResponse
from django.urls import path
from flask import Flask
from flask_socketio import SocketIO, emit

from gateways.adapters import WSGIToASGI

site = Flask(__name__)
io = SocketIO(site, async_mode="threading")


def say(text: str) -> None:
    emit("said", text.upper(), broadcast=True)


io.on_event("say", say)
flask_socketio = WSGIToASGI(site)

engine = socketio.Server(async_mode="threading")


def say_as_well(sid: str, text: str) -> str:
    return text.upper()


engine.on("say", say_as_well)
python_socketio = WSGIToASGI(socketio.WSGIApp(engine))


def ws(request: HttpRequest) -> HttpResponse:
    socket = simple_websocket.Server.accept(request.META)
    try:
        while True:
            socket.send(socket.receive())
    except simple_websocket.ConnectionClosed:
        return HttpResponse("")


def http(request: HttpRequest) -> HttpResponse:
    return HttpResponse("plain")


urlpatterns: list[Any] = [path("ws", ws), path("", http)]
if not settings.configured:
    settings.configure(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"], SECRET_KEY="a test", DEBUG=False)
django = WSGIToASGI(WSGIHandler())
