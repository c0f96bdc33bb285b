"""NiceGUI below FastAPI: a page that is generated for each client, with Socket.IO beside it."""

from fastapi import FastAPI
from nicegui import ui

app = FastAPI()


@app.get("/api")
def api() -> dict[str, str]:
    return {"answer": "of the API"}


@ui.page("/")
def page() -> None:
    ui.label("a page")


ui.run_with(app, storage_secret="the same on each server")
