"""Radicale: a CalDAV server, which reads CONTENT_LENGTH bytes and sends XML."""

from radicale.app import Application
from radicale.config import load

from tests.real.native.apps.place import FOLDER

configuration = load()
configuration.update(
    {
        "storage": {"filesystem_folder": str(FOLDER / "collections")},
        "auth": {"type": "none"},
        "logging": {"level": "critical"},
    },
    "native",
)
app = Application(configuration)
