"""WsgiDAV: a WebDAV server over a folder; ranges, PROPFIND, PUT."""

from wsgidav.wsgidav_app import WsgiDAVApp

from tests.real.native.apps.place import prepare

app = WsgiDAVApp(
    {
        "provider_mapping": {"/": {"root": str(prepare()), "readonly": True}},
        "simple_dc": {"user_mapping": {"*": True}},
        "verbose": 0,
        "logging": {"enable": False},
    }
)
