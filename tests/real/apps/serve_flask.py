"""A Flask app with the usual name, from the usual factory, and wrapped so that its signature hides its interface."""

import os
from collections.abc import Iterable
from typing import Any

from flask import Flask, request


def create_app() -> Flask:
    """Return everything in a request about the app's location."""
    made = Flask(__name__)

    @made.route("/inside/<word>", methods=["GET", "POST"])
    def inside(word: str) -> dict[str, Any]:
        return {
            "word": word,
            "root": request.script_root,
            "body": request.get_data(as_text=True),
            "server": "gunicorn" if "gunicorn" in request.environ.get("SERVER_SOFTWARE", "") else "",
            "variable": os.environ.get("SERVE_VARIABLE"),
            "process": os.getpid(),
        }

    return made


app = create_app()


def wrapped(*args: Any) -> Iterable[bytes]:
    """An app wrapped by a decorator."""
    return app(*args)
