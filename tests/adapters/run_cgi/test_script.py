"""The program of a path, in a test folder."""

import os
from pathlib import Path

import pytest

from gateways.adapters.run_cgi.script import Refused, Script, Tree


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "bin" / "sub").mkdir(parents=True)
    for name in ("a.cgi", "sub/b.cgi", "sub/a b.cgi"):
        (tmp_path / "bin" / name).write_text("#!/bin/sh\n")
        (tmp_path / "bin" / name).chmod(0o755)
    return tmp_path / "bin"


def find(folder: Path, path: bytes, prefix: str = "", follow_symlinks: bool = False) -> Script:
    return Tree(folder, prefix, follow_symlinks).find(path)


def status(folder: Path, path: bytes, prefix: str = "", follow_symlinks: bool = False) -> int:
    with pytest.raises(Refused) as refused:
        find(folder, path, prefix, follow_symlinks)
    return refused.value.status


@pytest.mark.parametrize(
    ("path", "name", "rest"),
    [
        (b"/a.cgi", b"/a.cgi", b""),
        (b"/a.cgi/", b"/a.cgi", b"/"),
        (b"/a.cgi/x//y/", b"/a.cgi", b"/x//y/"),
        (b"/sub/b.cgi/a.cgi", b"/sub/b.cgi", b"/a.cgi"),
        (b"//sub///b.cgi", b"/sub/b.cgi", b""),
        (b"/sub/a b.cgi", b"/sub/a b.cgi", b""),
    ],
)
def test_3_3_the_script_is_the_first_file_in_the_path(folder: Path, path: bytes, name: bytes, rest: bytes) -> None:
    assert find(folder, path) == Script(os.fsencode(folder) + name, name, rest)


def test_a_prefix_is_part_of_script_name(folder: Path) -> None:
    for path in (b"/cgi-bin/a.cgi/x", b"//cgi-bin//a.cgi/x"):
        script = find(folder, path, "/cgi-bin/")
        assert (script.name, script.path_info) == (b"/cgi-bin/a.cgi", b"/x")


@pytest.mark.parametrize("path", [b"/a.cgi", b"/cgi-binary/a.cgi", b"/cgi-bin", b"/cgi-bin/", b"/cgi-bina.cgi", b""])
def test_a_prefix_ends_at_a_segment_boundary(folder: Path, path: bytes) -> None:
    assert status(folder, path, "/cgi-bin") == 404


def test_one_program_serves_every_path(folder: Path) -> None:
    for path in (b"", b"/", b"/a.cgi/x"):
        assert find(folder / "a.cgi", path) == Script(os.fsencode(folder / "a.cgi"), b"", path)


def test_path_info_of_the_asterisk_form_is_empty(folder: Path) -> None:
    """RFC 3875, 4.1.5: PATH_INFO is empty or begins with a slash; the request is OPTIONS * (RFC 9112, 3.2.4)."""
    assert find(folder / "a.cgi", b"*") == Script(os.fsencode(folder / "a.cgi"), b"", b"")


@pytest.mark.parametrize(
    ("path", "name", "rest"),
    [
        (b"/sub/../a.cgi", b"/a.cgi", b""),
        (b"/./a.cgi", b"/a.cgi", b""),
        (b"/a.cgi/x/./y", b"/a.cgi", b"/x/y"),
        (b"/a.cgi/x/../..", b"", b""),
        (b"/missing/../a.cgi/x", b"/a.cgi", b"/x"),
        (b"/a.cgi/x//../y", b"/a.cgi", b"/x/y"),
    ],
)
def test_dot_segments_are_resolved(folder: Path, path: bytes, name: bytes, rest: bytes) -> None:
    if name:
        assert find(folder, path) == Script(os.fsencode(folder) + name, name, rest)
    else:
        assert status(folder, path) == 404


@pytest.mark.parametrize("path", [b"/../a.cgi", b"/..", b"/a.cgi/../..", b"/sub/../../bin/a.cgi", b"/./../bin/a.cgi"])
def test_dot_segments_never_lead_above_the_folder(folder: Path, path: bytes) -> None:
    assert status(folder, path) == 404


@pytest.mark.parametrize("path", [b"/cgi-bin/../a.cgi", b"/cgi-bin/a.cgi/../../a.cgi"])
def test_dot_segments_never_lead_out_of_the_prefix(folder: Path, path: bytes) -> None:
    assert status(folder, path, "/cgi-bin") == 404


def test_dot_segments_may_lead_into_the_prefix(folder: Path) -> None:
    assert find(folder, b"/pages/../cgi-bin/a.cgi/x", "/cgi-bin").path_info == b"/x"


@pytest.mark.parametrize("path", [b"/a.cgi\0", b"/\0"])
def test_a_nul_is_a_bad_request(folder: Path, path: bytes) -> None:
    assert status(folder, path) == 400


def test_links_may_lead_out_of_the_folder_only_if_enabled(folder: Path) -> None:
    outside = folder.parent / "outside.cgi"
    (folder / "a.cgi").rename(outside)
    (folder / "link.cgi").symlink_to(outside)
    (folder / "up").symlink_to("..")
    (folder / "round").symlink_to("round")
    assert status(folder, b"/link.cgi") == 403
    assert status(folder, b"/up/outside.cgi") == 403
    assert status(folder, b"/up/bin/round") in (403, 404)
    assert find(folder, b"/link.cgi", follow_symlinks=True).name == b"/link.cgi"
    assert find(folder, b"/up/outside.cgi", follow_symlinks=True).name == b"/up/outside.cgi"


def test_a_folder_that_is_a_link_does_not_allow_links_out_of_it(folder: Path) -> None:
    (folder.parent / "alias").symlink_to("bin")
    assert find(folder.parent / "alias", b"/a.cgi").name == b"/a.cgi"


def test_a_file_that_is_not_executable_and_a_fifo_are_forbidden(folder: Path) -> None:
    (folder / "text").write_text("#!/bin/sh\n")
    os.mkfifo(folder / "fifo", 0o755)
    assert status(folder, b"/text") == 403
    assert status(folder, b"/fifo") == 403


def test_a_missing_program_is_reported_at_once(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no such program or folder"):
        Tree(tmp_path / "missing", "", False)
