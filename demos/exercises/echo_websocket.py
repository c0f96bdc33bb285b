"""Exercise 6: write a WebSocket that echoes, without a framework. Which events does the app
receive? And what happens on a WSGI server?

What you see: the server calls the app once for the whole connection. The client opens
the connection (`connect`), and the app accepts it. Then both can send messages at any
time. At the end, the client closes the connection (`disconnect`, with a code). WSGI has no
such call: each call is one request with one response. But ASGIToWSGI can take over the
server's socket. So on waitress, the app receives the same events.

    $ uvicorn demos.exercises.echo_websocket:app
    $ waitress-serve demos.exercises.echo_websocket:wsgi_app
    $ python -m demos.exercises.echo_websocket
"""

from typing import Any

from websockets.sync.client import connect

from demos.exercises.local import HOST, uvicorn_serving, waitress_serving
from gateways.adapters import ASGIToWSGI


async def app(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] != "websocket":
        raise NotImplementedError(scope["type"])
    while (message := await receive())["type"] != "websocket.disconnect":
        print(f"the app received {message}", flush=True)
        if message["type"] == "websocket.connect":
            await send({"type": "websocket.accept"})
        elif message.get("text") is not None:
            await send({"type": "websocket.send", "text": message["text"]})
        else:
            await send({"type": "websocket.send", "bytes": message["bytes"]})
    print(f"the app received {message}", flush=True)


wsgi_app = ASGIToWSGI(app)


def talk(port: int) -> None:
    with connect(f"ws://{HOST}:{port}") as websocket:
        for sent in ("hello", b"\x00\x01"):
            websocket.send(sent)
            print(f"the client received {websocket.recv(timeout=10)!r}", flush=True)


if __name__ == "__main__":
    print("on uvicorn:", flush=True)
    with uvicorn_serving(app) as port:
        talk(port)
    print("on waitress:", flush=True)
    with waitress_serving(wsgi_app) as port:
        talk(port)
    wsgi_app.close()
