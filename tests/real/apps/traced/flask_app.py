"""A Flask app to be traced."""

from flask import Flask, request

app = Flask(__name__)


@app.get("/hello")
def hello() -> str:
    return f"hello {request.args.get('name', 'you')}"


@app.post("/echo")
def echo() -> bytes:
    return request.get_data()[::-1]
