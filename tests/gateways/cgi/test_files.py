"""The files of a folder: those that are sent, as by http.server, and those that must not be sent."""

import os
from email.utils import formatdate
from pathlib import Path

import pytest

from gateways.cgi.files import Files
from tests.gateways.cases import Request, Response
from tests.gateways.wsgi.harness import ask

MODIFIED = 1_700_000_000


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A site, and private files next to it."""
    (tmp_path / "secret.txt").write_text("secret")
    root = tmp_path / "www"
    for name in ("cgi-bin", "sub/deep", "sub/HTBIN", "with index"):
        (root / name).mkdir(parents=True)
    (root / "plain.txt").write_text("plain")
    os.utime(root / "plain.txt", (MODIFIED, MODIFIED))
    (root / "page.html").write_text("<p>page")
    (root / "many.tar.gz").write_bytes(b"\x1f\x8b")
    (root / "no type").write_bytes(b"?")
    (root / "with index" / "index.html").write_text("the index")
    (root / "cgi-bin" / "program.py").write_text("the source")
    (root / "sub" / "HTBIN" / "program.py").write_text("the source")
    script = root / "sub" / "script.sh"
    script.write_text("#!/bin/sh\necho the source")
    script.chmod(0o755)
    (root / "out").symlink_to(tmp_path)
    (root / "loop").symlink_to(root / "loop")
    (root / "deep").symlink_to(root / "sub" / "deep")
    (root / "alias").symlink_to(root / "cgi-bin" / "program.py")
    (root / "sub" / "deep" / "<&>.txt").write_text("named badly")
    return root


def get(folder: Path, target: bytes, method: str = "GET", **changes: object) -> Response:
    return ask(Files(folder), Request(target, method), **changes)


@pytest.mark.parametrize(
    ("target", "kind", "body"),
    [
        (b"/plain.txt", "text/plain", b"plain"),
        (b"//plain.txt?query", "text/plain", b"plain"),
        (b"/page.html", "text/html", b"<p>page"),
        (b"/many.tar.gz", "application/gzip", b"\x1f\x8b"),
        (b"/no%20type", "application/octet-stream", b"?"),
        (b"/with%20index/", "text/html", b"the index"),
        (b"/deep/%3C%26%3E.txt", "text/plain", b"named badly"),
    ],
)
def test_a_file_has_type_and_length_and_date(folder: Path, target: bytes, kind: str, body: bytes) -> None:
    answer = get(folder, target)
    assert (answer.status, answer.body) == (200, body)
    assert answer.headers["content-type"] == kind
    assert answer.headers["content-length"] == str(len(body))
    assert answer.headers["last-modified"].endswith(" GMT")
    head = get(folder, target, "HEAD")
    assert (head.status, head.headers, head.body) == (200, answer.headers, b"")


@pytest.mark.parametrize(
    ("since", "more", "status"),
    [
        (formatdate(MODIFIED, usegmt=True), {}, 304),
        (formatdate(MODIFIED + 1, usegmt=True), {}, 304),
        (formatdate(MODIFIED - 1, usegmt=True), {}, 200),
        ("yesterday", {}, 200),
        ("Sat, 01 Jan 99999 00:00:00 GMT", {}, 200),
        (formatdate(MODIFIED, usegmt=True), {"HTTP_IF_NONE_MATCH": '"tag"'}, 200),
    ],
)
def test_if_modified_since_is_supported(folder: Path, since: str, more: dict[str, str], status: int) -> None:
    answer = get(folder, b"/plain.txt", HTTP_IF_MODIFIED_SINCE=since, **more)
    assert (answer.status, answer.body) == (status, b"" if status == 304 else b"plain")
    assert answer.headers["last-modified"] == formatdate(MODIFIED, usegmt=True)


def test_a_folder_is_listed_with_working_links(folder: Path) -> None:
    listed = get(folder, b"/sub/deep/")
    assert listed.headers["content-type"] == "text/html; charset=utf-8"
    assert b'<a href="%3C%26%3E.txt">&lt;&amp;&gt;.txt</a>' in listed.body
    assert b'<a href="deep/">deep@</a>' in get(folder, b"/").body


@pytest.mark.parametrize(
    ("target", "location"),
    [
        (b"/sub", "sub/"),
        (b"/with%20index?a=%20b", "with%20index/?a=%20b"),
        (b"//sub", "sub/"),  # never "//host/", which is another site
    ],
)
def test_a_folder_without_its_slash_is_a_redirect_within_the_host(folder: Path, target: bytes, location: str) -> None:
    answer = get(folder, target)
    assert (answer.status, answer.headers["location"]) == (301, location)


@pytest.mark.parametrize(
    ("target", "status"),
    [
        (b"/nothing", 404),
        (b"/plain.txt/", 404),
        (b"/with%20index/index.html/", 404),
        (b"/plain.txt/more", 404),
        (b"/../secret.txt", 404),
        (b"/%2e%2e/secret.txt", 404),
        (b"/sub/..%2f..%2fsecret.txt", 404),
        (b"/out/secret.txt", 404),
        (b"/out/", 404),
        (b"/loop", 404),
        (b"/plain%00.txt", 400),
        (b"/xxx" * 1000, 404),
        (b"/cgi-bin/program.py", 403),
        (b"//cgi-bin/program.py", 403),
        (b"/cgi-bin/", 403),
        (b"/sub/HTBIN/program.py", 403),
        (b"/alias", 403),
        (b"/sub/script.sh", 403),
    ],
)
def test_files_outside_the_folder_and_sources_of_programs_are_not_sent(
    folder: Path, target: bytes, status: int
) -> None:
    for method in ("GET", "HEAD"):
        answer = get(folder, target, method)
        assert answer.status == status
        assert b"secret" not in answer.body
        assert b"source" not in answer.body


def test_an_index_that_is_a_link_does_not_leak_other_files(folder: Path) -> None:
    for name, leads_to, status in (("a", folder.parent / "secret.txt", 404), ("b", folder / "alias", 403)):
        (folder / name).mkdir()
        (folder / name / "index.html").symlink_to(leads_to)
        assert get(folder, f"/{name}/".encode()).status == status


def test_only_regular_files_are_sent(folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    assert (
        get(folder, b"/pipe").status == 403
    )  # the server must not open the pipe, because that would wait for a writer


def test_other_methods_are_refused_with_the_right_status(folder: Path) -> None:
    answer = get(folder, b"/plain.txt", "POST")
    assert (answer.status, answer.headers["allow"]) == (405, "GET, HEAD")


def test_the_servers_own_way_to_send_a_file_is_used(folder: Path) -> None:
    class Wrapper:
        def __init__(self, file: object, size: int) -> None:
            given.append(file)

        def __iter__(self) -> object:
            return iter([b"sent by the server"])

    given: list[object] = []
    answer = ask(Files(folder), Request(b"/plain.txt"), wsgi__file_wrapper=Wrapper)
    assert answer.body == b"sent by the server"
    assert given[0].read() == b"plain"  # type: ignore[attr-defined]
    given[0].close()  # type: ignore[attr-defined]


def test_a_missing_folder_is_reported_at_once(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Files(tmp_path / "nowhere")
