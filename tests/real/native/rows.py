"""The apps of the battery. A new app is one row.

Knows the apps' paths. It must not know servers.
"""

from tests.real.native.battery import App

APPS_FOLDER = "tests.real.native.apps."


def row(name: str, interface: str, target: str, roles: str, *extra: str, **others: str) -> App:
    """Create a row.

    roles: names of roles, each with the path /ROLE. others: further roles with their paths. The default of `page` is /.
    """
    paths = {"page": "/", **{role: f"/{role}" for role in roles.split()}, **others}
    return App(name, interface, APPS_FOLDER + target, paths, extra)


ALL = "file form upload stream slow echo redirect session error cut background"
FLASK = ("/large", "/events", "/static/page.txt")
STARLETTE = ALL.replace("session ", "")

APPS = (
    row("bare", "wsgi", "bare_wsgi:app", "upload stream", "/write", "/hop", "/empty"),
    row("flask", "wsgi", "flask_app:app", ALL, *FLASK),
    row("flask-compress", "wsgi", "flask_app:compressed", ALL, *FLASK),
    row("whitenoise", "wsgi", "flask_app:whitenoise", "echo", file="/assets/page.txt"),
    row(
        *("django", "wsgi", "django_app:wsgi", "file form upload stream echo session redirect error"),
        *("/admin/", "/admin/login/", "/download"),
    ),
    row("bottle", "wsgi", "bottle_app:app", "file form upload stream echo session"),
    row("falcon", "wsgi", "falcon_app:app", "", file="/static/page.txt", upload="/", echo="/"),
    row("pyramid", "wsgi", "pyramid_app:app", "file upload echo"),
    row("wsgidav", "wsgi", "wsgidav_app:app", "", file="/page.txt"),
    row("werkzeug-shared-data", "wsgi", "bare_wsgi:shared", "upload stream", file="/files/page.txt"),
    row("radicale", "wsgi", "radicale_app:app", "", "/", "/.well-known/caldav", page="/.web/"),
    row("fastapi", "asgi", "fastapi_app:app", ALL, "/items/3?q=a", "/items/10", "/items/x", "/docs"),
    row("starlette", "asgi", "starlette_app:app", STARLETTE, "/events"),
    row("starlette-gzip", "asgi", "starlette_app:gzipped", STARLETTE, "/events"),
    row("starlette-brotli", "asgi", "starlette_app:brotli", STARLETTE, "/events"),
    row("starlette-body-iterator", "asgi", "starlette_app:signed", "form echo", file="/static/page.txt"),
    row("starlette-stacked", "asgi", "starlette_app:stacked", ALL, "/events"),
    row("litestar", "asgi", "litestar_app:app", "file upload stream echo session redirect"),
    row("quart", "asgi", "quart_app:app", "file form upload stream echo session redirect error"),
    row("django-asgi", "asgi", "django_app:asgi", "file form upload echo session redirect error", "/admin/login/"),
    row("datasette", "asgi", "datasette_app:app", "", "/data/words.json", "/data/words", file="/-/static/app.css"),
    row("nicegui", "asgi", "nicegui_app:app", "", "/_nicegui/client", page="/api"),
)

VARIANTS = {
    *("flask-compress", "whitenoise", "werkzeug-shared-data"),
    *("starlette-gzip", "starlette-brotli", "starlette-body-iterator", "starlette-stacked"),
}
"""Apps of other rows with a middleware. The adapter treats the middleware in the same way on each server."""
