"""A Flask app, which the pages use."""

from flask import Flask, request

app = Flask(__name__)


@app.get("/")
def home() -> str:
    return "Welcome to the shop.\n"


@app.get("/cart")
def cart() -> str:
    return f"Cart {request.args.get('id', 'of nobody')} is empty.\n"
