"""ASGI apps respond through ASGIToWSGI as on a native server, and finish their background work."""

import signal
from pathlib import Path

import pytest

from tests.real.native.battery import App, one
from tests.real.native.serving import adapted, asked, natively, pairs, unaccepted
from tests.real.serving import eventually

pytestmark = [pytest.mark.timeout(150), pytest.mark.slow]

PAIRS = pairs("asgi")
NAMES = [f"{app.name}-{server}" for app, server in PAIRS]
WORKING = [(app, server) for app, server in PAIRS if app.name in ("fastapi", "starlette")]


@pytest.mark.parametrize(("app", "server"), PAIRS, ids=NAMES)
def test_an_app_behaves_the_same_through_the_adapter_as_natively(app: App, server: str) -> None:
    folder, first, again = natively(app)
    with adapted(app, server, folder) as running:
        ours = asked(running, app)
    assert unaccepted(app, server, first, again, ours) == []


@pytest.mark.parametrize(("app", "server"), WORKING, ids=[f"{app.name}-{server}" for app, server in WORKING])
def test_background_work_is_completed_when_the_server_is_terminated(
    app: App, server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GUNICORN_CMD_ARGS", "--graceful-timeout 30")  # on a busy machine, the work takes seconds
    written = tmp_path / "written"
    with adapted(app, server, tmp_path) as running:
        heard = one(running, "GET", f"{app.roles['background']}?path={written}")
        assert heard.answers[0].status == 200
        # SIGTERM terminates waitress immediately, like any Python program without a handler.
        running.process.send_signal(signal.SIGINT if server == "waitress" else signal.SIGTERM)
        eventually(lambda: running.process.poll() is not None, "the server ends", 40)
    assert written.read_text() == "done"
