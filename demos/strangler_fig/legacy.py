"""The old shop: a Flask app with sessions, redirects and links."""

import secrets

from flask import Flask, Response, jsonify, redirect, request, session, url_for
from werkzeug.wrappers import Response as AnyResponse

shop = Flask(__name__)
shop.secret_key = secrets.token_hex()
PRICES = {1: 250, 2: 990}


@shop.get("/")
def home() -> str:
    links = {"an item": url_for("item", number=1), "your account": url_for("account")}
    return "".join(f'<a href="{link}">{text}</a>\n' for text, link in links.items())


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
    if "user" not in session:
        return redirect(url_for("home"))
    return f"Flask knows {session['user']}\n"


@shop.errorhandler(404)
def nowhere(_: Exception) -> tuple[str, int]:
    return f"the old shop has no {request.path}\n", 404
