"""The shop as it has been for years: Flask, with sessions, redirects and links. The move does not touch it."""

import secrets

from flask import Flask, Response, jsonify, redirect, request, session, url_for
from werkzeug.wrappers import Response as AnyResponse

shop = Flask(__name__)
shop.secret_key = secrets.token_hex()
PRICES = {1: 250, 2: 990}


@shop.get("/")
def home() -> str:
    return f'<a href="{url_for("item", number=1)}">an item</a> <a href="{url_for("account")}">your account</a>\n'


@shop.get("/items/<int:number>")
def item(number: int) -> Response | tuple[Response, int]:
    if number not in PRICES:
        return jsonify(detail="no such item"), 404
    return jsonify(number=number, cents=PRICES[number])


@shop.post("/login")
def login() -> AnyResponse:
    session["user"] = request.form["user"]
    return redirect(url_for("account"))


@shop.get("/account")
def account() -> str | AnyResponse:
    return f"Flask knows {session['user']}\n" if "user" in session else redirect(url_for("home"))


@shop.errorhandler(404)
def nowhere(_: Exception) -> tuple[str, int]:
    return f"the old shop has no {request.path}\n", 404
