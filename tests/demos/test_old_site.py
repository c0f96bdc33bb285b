"""demos/cgi_bin_on_uvicorn.py and demos/file_server.py serve demos/old_site, started with the commands in their
docstrings.
"""

from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.demos.asking import at_once, client
from tests.demos.starting import curl, started
from tests.real.serving import Running

SERVED = [("cgi_bin_on_uvicorn.py", "uvicorn"), ("file_server.py", "gateways"), ("file_server.py", "uvicorn")]


@pytest.fixture(scope="module", params=SERVED, ids="-".join)
def served(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Running]]:
    demo, command = request.param
    book = tmp_path_factory.mktemp("book") / "guestbook.txt"
    with started(demo, command, GUESTBOOK=str(book)) as server:
        yield demo, server


def test_a_form_is_posted_to_an_old_program(served: tuple[str, Running]) -> None:
    _, server = served
    answer = client.post(f"{server.url}/cgi-bin/guestbook.py", data={"name": "Ada", "text": "<hello>"})
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "<p>Ada: &lt;hello&gt;</p>" in answer.text


def test_concurrent_requests_each_have_a_process(served: tuple[str, Running]) -> None:
    _, server = served
    url = f"{server.url}/cgi-bin/guestbook.py"
    at_once(lambda number: client.post(url, data={"name": "many", "text": number}), range(8))
    said = client.get(url).text
    assert [said.count(f"<p>many: {number}</p>") for number in range(8)] == [1] * 8


def test_a_shell_program_runs_too(served: tuple[str, Running]) -> None:
    _, server = served
    answer = client.get(f"{server.url}/cgi-bin/disk.sh/and/more").text
    assert answer.startswith("GET /cgi-bin/disk.sh/and/more\n")
    assert "Filesystem" in answer


def test_no_program_is_sent_as_text(served: tuple[str, Running]) -> None:
    _, server = served
    for path in ("/cgi-bin/", "/cgi-bin/nothing.py", "/old_site/cgi-bin/disk.sh"):
        assert client.get(server.url + path).status_code == 404


def test_other_files_are_sent_by_the_file_server_only(served: tuple[str, Running]) -> None:
    demo, server = served
    answer = client.get(server.url + "/")
    if demo == "file_server.py":
        assert (answer.headers["content-type"], answer.status_code) == ("text/html", 200)
        assert "An old site" in answer.text
    else:
        assert answer.status_code == 404


def test_warm_programs_use_an_interpreter_that_keeps_running(served: tuple[str, Running]) -> None:
    demo, server = served
    assert client.get(f"{server.url}/cgi-bin/guestbook.py").status_code == 200
    assert has_zygote(server) == (demo == "cgi_bin_on_uvicorn.py")


def has_zygote(server: Running) -> bool:
    for process in psutil.Process(server.process.pid).children(recursive=True):
        try:
            if any(word.endswith("zygote.py") for word in process.cmdline()):
                return True
        except psutil.NoSuchProcess:  # a program that has just exited
            continue
    return False


def test_the_commands_of_the_demo_work(served: tuple[str, Running], tmp_path: Path) -> None:
    demo, server = served
    client.post(f"{server.url}/cgi-bin/guestbook.py", data={"name": "Ada", "text": "hello"})  # so the page has entries
    assert "<p>" in "".join(curl(demo, server, tmp_path))
