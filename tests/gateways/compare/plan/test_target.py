"""The reference app and users' apps, as targets."""

from pathlib import Path

import pytest

from gateways.compare.plan.target import PROGRAM, of_user, reference
from gateways.failure import Failure
from tests.gateways.compare.making import contender

WSGI = "def app(environ, start_response):\n    start_response('200 OK', [])\n    return [b'hi']\n"


def test_the_reference_app_has_all_forms_also_with_the_extra_routes() -> None:
    target = reference()
    assert target.form is None
    assert set(target.apps) == set(target.extra) == {"cgi", "wsgi", "asgi"}
    assert Path(target.apps["cgi"]).stat().st_mode & 0o111
    assert Path(target.extra["cgi"]).stat().st_mode & 0o111


def test_a_users_app_has_its_own_form_and_a_generated_cgi_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("shop.py").write_text(WSGI)
    target = of_user("shop:app")
    assert (target.form, target.apps["wsgi"], target.plain) == ("wsgi", "shop:app", True)
    assert "WSGIToCGI(load_object('shop:app')).run()" in target.files[target.apps["cgi"]]
    target = of_user("shop.py")
    assert (target.form, target.apps["wsgi"], target.plain) == ("wsgi", "shop.py", False)
    assert repr(str(tmp_path / "shop.py")) in target.files[target.apps["cgi"]]


def test_a_launch_has_the_files_that_it_needs_and_no_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("shop.py").write_text(WSGI)
    target = of_user("shop:app")
    assert target.launch(contender("wsgi:waitress")).files == {}
    assert list(target.launch(contender("wsgi-on-asgi:uvicorn:ours")).files) == ["gateways_wsgi_on_asgi_ours.py"]
    cold = target.launch(contender("cgi:uvicorn:cold")).files
    assert list(cold) == ["gateways_cgi_on_asgi_cold.py", PROGRAM]
    assert f"Path(__file__).with_name({PROGRAM!r})" in cold["gateways_cgi_on_asgi_cold.py"]


def test_a_factory_is_not_supported_by_every_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("made.py").write_text(f"{WSGI}\ndef create_app():\n    return app\n")
    target = of_user("made:create_app")
    assert (target.form, target.plain) == ("wsgi", False)


def test_a_cgi_program_has_one_form() -> None:
    target = of_user("gateways/cgi/app.py")
    assert (target.form, target.apps) == ("cgi", {"cgi": str(Path("gateways/cgi/app.py").resolve())})


def test_an_invalid_app_is_a_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("broken.py").write_text("1 / 0\n")
    for name in ("broken:app", "nowhere:app", "json:decoder"):
        with pytest.raises(Failure):
            of_user(name)
