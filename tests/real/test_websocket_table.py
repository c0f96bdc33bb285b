"""docs/websocket.md agrees with the tests of each server."""

from tests.real.test_websockets_wsgi_on_asgi import MISSING as ON_ASGI
from tests.real.test_websockets_wsgi_on_asgi import SERVERS
from tests.real.websocket_checks import CHECKS
from tests.real.websocket_servers import CARRYING
from tests.real.websocket_servers import MISSING as ON_WSGI
from tests.real.websocket_table import PAGE, table


def test_the_tables_of_the_page_equal_those_of_the_tests() -> None:
    on_wsgi = {name: [check for server, check in ON_WSGI if server == name] for name in CARRYING}
    on_asgi = {name: ON_ASGI.get(name, set()) for name in SERVERS}
    page = PAGE.read_text()
    no_stream_fails = dict.fromkeys(CARRYING, ())
    assert table("WSGI server", on_wsgi, len(CHECKS), no_stream_fails) in page
    assert table("ASGI server", on_asgi, len(CHECKS) - 1) in page
