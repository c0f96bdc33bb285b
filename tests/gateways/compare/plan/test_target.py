"""The reference app and users' apps, as targets."""

from pathlib import Path

import pytest

from gateways.compare.plan.target import of_user, reference
from gateways.failure import Failure

WSGI = "def app(environ, start_response):\n    start_response('200 OK', [])\n    return [b'hi']\n"


def test_the_reference_app_has_all_forms_also_with_the_extra_routes() -> None:
    target = reference()
    assert target.form is None
    assert set(target.apps) == set(target.extra) == {"cgi", "wsgi", "asgi"}
    assert Path(target.apps["cgi"]).stat().st_mode & 0o111
    assert Path(target.extra["cgi"]).stat().st_mode & 0o111


def test_a_users_app_has_its_own_form_and_is_a_cgi_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("shop.py").write_text(WSGI)
    with of_user("shop:app") as target:
        program = Path(target.apps["cgi"])
        assert (target.form, target.apps["wsgi"], target.plain) == ("wsgi", "shop:app", True)
        assert program.stat().st_mode & 0o111
        assert "WSGIToCGI(load_object('shop:app')).run()" in program.read_text()
    assert not program.exists()
    with of_user("shop.py") as target:
        assert (target.form, target.apps["wsgi"], target.plain) == ("wsgi", "shop.py", False)
        assert repr(str(tmp_path / "shop.py")) in Path(target.apps["cgi"]).read_text()


def test_a_factory_is_not_plain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("made.py").write_text(f"{WSGI}\ndef create_app():\n    return app\n")
    with of_user("made:create_app") as target:
        assert (target.form, target.plain) == ("wsgi", False)


def test_a_program_is_one() -> None:
    with of_user("gateways/cgi/app.py") as target:
        assert (target.form, target.apps) == ("cgi", {"cgi": str(Path("gateways/cgi/app.py").resolve())})


def test_what_is_no_app_is_a_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("broken.py").write_text("1 / 0\n")
    for name in ("broken:app", "nowhere:app", "json:decoder"):
        with pytest.raises(Failure), of_user(name):
            pass
