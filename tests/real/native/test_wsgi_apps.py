"""WSGI apps respond through WSGIToASGI as on a native server."""

import pytest

from tests.real.native.battery import App
from tests.real.native.serving import adapted, asked, natively, pairs, unaccepted

pytestmark = [pytest.mark.timeout(150), pytest.mark.slow]

PAIRS = pairs("wsgi")
NAMES = [f"{app.name}-{server}" for app, server in PAIRS]


@pytest.mark.parametrize(("app", "server"), PAIRS, ids=NAMES)
def test_an_app_behaves_the_same_through_the_adapter_as_natively(app: App, server: str) -> None:
    folder, first, again = natively(app)
    with adapted(app, server, folder) as running:
        ours = asked(running, app)
    assert unaccepted(app, server, first, again, ours) == []
