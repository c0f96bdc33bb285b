"""A FastAPI app that replaces an old WSGI app route by route: the strangler fig.

Use this if the old app is too large to rewrite in one step. At first, FastAPI has no
routes. The old app is mounted last, at "/", so it gets every request. Its links, redirects
and sessions work as before. Each route that you add to FastAPI takes over its path and
method. All other requests still go to the old app, which also serves the 404 page. The old
app is mounted a second time, at /old. So you can compare the new responses with the old
ones.

    $ uvicorn demos.strangler_fig.app:app
    $ curl localhost:8000/items/1 localhost:8000/old/items/1
    $ curl -c jar -b jar -L -d user=Ada localhost:8000/login
    $ curl -b jar localhost:8000/me
"""

from typing import Annotated, Any

from fastapi import Cookie, Depends, FastAPI, HTTPException, WebSocket
from flask.sessions import SecureCookieSessionInterface
from itsdangerous import BadSignature

from demos.strangler_fig.legacy import PRICES, shop
from gateways.adapters import WSGIToASGI

# FastAPI's own pages would hide /docs and /openapi.json of the old app.
app = FastAPI(docs_url="/new/docs", redoc_url=None, openapi_url="/new/openapi.json")


@app.get("/items/{number:int}")
async def item(number: int) -> dict[str, int]:
    """Replace the old route, for numbers only. The old app still serves /items/x."""
    if number not in PRICES:
        # This 404 is final: FastAPI tries no further route.
        raise HTTPException(404, "no such item")
    return {"number": number, "cents": PRICES[number]}


def logged_in(session: Annotated[str, Cookie()] = "") -> str:
    """Return the user's name from the old app's session cookie; the old app signs it."""
    serializer = SecureCookieSessionInterface().get_signing_serializer(shop)
    assert serializer is not None  # it has a key
    try:
        data: dict[str, Any] = serializer.loads(session)
    except BadSignature:
        data = {}
    if "user" not in data:
        raise HTTPException(401, "log in at /login first")
    return str(data["user"])


@app.get("/me")
async def me(user: Annotated[str, Depends(logged_in)]) -> dict[str, str]:
    return {"user": user}


@app.websocket("/prices")
async def prices(websocket: WebSocket) -> None:
    """Serve a WebSocket on the same port; the old app could not do this."""
    await websocket.accept()
    await websocket.send_json(PRICES)
    await websocket.close()


old = WSGIToASGI(shop)
app.mount("/old", old)
app.mount("/", old)  # last: it matches everything
