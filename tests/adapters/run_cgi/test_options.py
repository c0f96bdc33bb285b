"""The options of the hosts, in process: the same for the ASGI host and the WSGI host."""

import logging
import operator
import os
import resource
import signal
import subprocess
import sys
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from gateways.adapters.run_cgi import host as host_module
from gateways.adapters.run_cgi.limits import Timeouts
from tests.adapters.run_cgi.asking import Request
from tests.adapters.run_cgi.conftest import Hosting
from tests.adapters.run_cgi.leftovers import assert_gone, processes
from tests.forks import fork
from tests.real.serving import eventually

pytestmark = pytest.mark.slow


def test_env_overrides_all_other_variables(hosting: Hosting) -> None:
    environ = hosting(env={"MINE": "caf\u00e9", "SERVER_NAME": "me", "PATH": "/bin"}).environ()
    assert (environ["MINE"].encode("latin-1").decode(), environ["SERVER_NAME"], environ["PATH"]) == (
        "café",
        "me",
        "/bin",
    )


def test_only_named_variables_are_inherited(hosting: Hosting, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_TOKEN", "s3cret")
    monkeypatch.setenv("DATABASE", "db")
    environ = hosting(inherit=["DATABASE", "NOT_SET"]).environ()
    assert environ["DATABASE"] == "db"
    assert not {"SECRET_TOKEN", "NOT_SET"} & environ.keys()


def test_authorization_is_passed_if_enabled(hosting: Hosting) -> None:
    environ = hosting(authorization=True).environ(headers=[("Authorization", "Bearer t")])
    assert environ["HTTP_AUTHORIZATION"] == "Bearer t"


def test_4_4_a_query_without_an_equals_sign_becomes_arguments_if_enabled(hosting: Hosting) -> None:
    assert hosting(query_arguments=True).report("/report.py?a%3Db+c%20d")["argv"][1:] == ["a=b", "c\\ d"]


def test_a_request_that_does_not_fit_into_an_environment_is_431(hosting: Hosting) -> None:
    assert hosting()("/hello.sh", headers=[("X-Long", "x" * 200_000)]).status == 431


def test_4_4_more_words_than_an_argument_list_can_hold_are_not_passed(hosting: Hosting) -> None:
    before = resource.getrlimit(resource.RLIMIT_STACK)
    resource.setrlimit(resource.RLIMIT_STACK, (512 * 1024, before[1]))  # a quarter of it suffices for both
    try:
        report = hosting(query_arguments=True).report("/report.py?" + "+".join(["x"] * 20_000))
    finally:
        resource.setrlimit(resource.RLIMIT_STACK, before)
    assert report["argv"][1:] == []


def test_programs_are_found_below_the_prefix(hosting: Hosting) -> None:
    ask = hosting(prefix="/cgi-bin")
    assert ask.environ("/cgi-bin/report.py/x")["SCRIPT_NAME"] == "/cgi-bin/report.py"
    assert ask("/report.py").status == 404


def test_env_sets_the_document_root(hosting: Hosting) -> None:
    environ = hosting(env={"DOCUMENT_ROOT": "/srv/www"}).environ("/report.py/a/b")
    assert (environ["DOCUMENT_ROOT"], environ["PATH_TRANSLATED"]) == ("/srv/www", "/srv/www/a/b")


def test_one_program_serves_every_path(hosting: Hosting, programs: Path) -> None:
    environ = hosting(programs / "report.py").environ("/a/b?c")
    assert (environ["SCRIPT_NAME"], environ["PATH_INFO"]) == ("", "/a/b")
    assert environ["SCRIPT_FILENAME"] == str(programs / "report.py")
    assert not {"DOCUMENT_ROOT", "PATH_TRANSLATED"} & environ.keys()


def test_a_body_longer_than_max_body_is_413(hosting: Hosting) -> None:
    ask = hosting(max_body=10)
    assert ask("/echo.py", "POST", body=b"x" * 10).body == b"x" * 10
    assert ask("/echo.py", "POST", body=b"x" * 11).status == 413
    assert ask("/echo.py", "POST", chunks=[b"x" * 6, b"y" * 5]).status == 413


def test_links_may_lead_out_of_the_folder_if_enabled(hosting: Hosting) -> None:
    assert hosting(follow_symlinks=True)("/link_out.sh").body == b"hello\n"


def test_programs_wait_for_a_free_slot(hosting: Hosting) -> None:
    ask = hosting(limit=1)
    with ThreadPoolExecutor(3) as pool:
        responses = list(pool.map(ask, ["/sleeps_half_a_second.sh"] * 3))
    assert [response.status for response in responses] == [200] * 3


def test_a_request_that_gets_no_slot_in_time_is_503(hosting: Hosting) -> None:
    ask, mark = hosting(limit=1, timeouts=Timeouts(queue=0.1)), uuid.uuid4().hex
    left = threading.Event()
    first = threading.Thread(target=ask.leave, args=(Request(f"/is_silent.sh?{mark}"), left.is_set))
    first.start()
    eventually(lambda: processes(mark), "the first program runs")
    response = ask("/hello.sh")
    left.set()
    first.join()
    assert (response.status, response["Retry-After"]) == (503, "5")
    eventually(lambda: ask("/hello.sh").status == 200, "the slot is free again")


@pytest.mark.parametrize(
    ("program", "timeouts", "status"),
    [
        ("is_silent.sh", Timeouts(head=0.3), 504),
        ("is_silent.sh", Timeouts(total=0.3), 504),
        ("is_silent_after_its_head.sh", Timeouts(idle=0.3), 200),
        ("is_silent_after_its_head.sh", Timeouts(total=0.3), 200),
        ("writes_now_and_then.sh", Timeouts(total=0.5), 200),
        ("ignores_sigterm.sh", Timeouts(idle=0.3), 200),
    ],
)
def test_a_program_is_terminated_at_its_timeout(
    hosting: Hosting, program: str, timeouts: Timeouts, status: int
) -> None:
    mark = uuid.uuid4().hex
    response = hosting(timeouts=timeouts)(f"/{program}?{mark}")
    assert (response.status, response.complete) == (status, status == 504)
    assert_gone(mark, os.getpid())


def test_timeouts_may_be_a_mapping(hosting: Hosting) -> None:
    ask = hosting(timeouts={"head": 0.2, "total": None})
    assert ask("/is_silent.sh").status == 504
    with pytest.raises(TypeError, match="heads"):
        hosting(timeouts={"heads": 1})


def test_the_idle_timeout_restarts_with_each_transfer(hosting: Hosting) -> None:
    response = hosting(timeouts=Timeouts(head=5, idle=0.5, total=None))("/has_a_child_that_writes_on.sh")
    assert response.body == b"one two three four five "


def test_a_program_may_continue_until_its_total_timeout(hosting: Hosting, tmp_path: Path) -> None:
    done = tmp_path / "done"
    assert hosting(timeouts=Timeouts(total=0.4))(f"/closes_stdout_and_works_on.sh?{done}").body == b"over\n"
    assert_gone(str(done), os.getpid())
    assert not done.exists()


def test_a_background_job_may_continue_until_the_programs_total_timeout(
    hosting: Hosting, caplog: pytest.LogCaptureFixture
) -> None:
    mark = uuid.uuid4().hex
    ask = hosting(timeouts=Timeouts(total=1.2))
    assert ask(f"/leaves_a_child_that_holds_stdout.sh?{mark}").body == b"over\n"
    assert_gone(mark, os.getpid())
    assert "its background processes were terminated after" in caplog.text
    assert "the response had ended, and the total timeout of the program had expired" in caplog.text


def test_output_of_a_job_after_the_response_is_discarded_and_logged(
    hosting: Hosting, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "gateways.cgi"):
        assert hosting()("/leaves_a_job_that_writes_late.sh").body == b"over\n"
        assert "other processes still have its output open" in caplog.text
        eventually(lambda: "discarded 5 bytes" in caplog.text, "the loss is logged")


def test_stderr_of_a_job_is_logged(hosting: Hosting, caplog: pytest.LogCaptureFixture, tmp_path: Path) -> None:
    hosting()(f"/leaves_a_job_that_complains.sh?{tmp_path / 'done'}")
    eventually(lambda: "the job says" in caplog.text, "the job's line is logged")


def test_close_terminates_background_jobs(hosting: Hosting) -> None:
    mark = uuid.uuid4().hex
    ask = hosting()
    ask(f"/leaves_a_child_that_holds_stdout.sh?{mark}")
    assert processes(mark)
    ask.host.close()  # type: ignore[attr-defined]
    assert_gone(mark, os.getpid())


def test_close_terminates_running_programs(hosting: Hosting) -> None:
    ask, marks = hosting(), [uuid.uuid4().hex for _ in range(3)]
    names = ["is_silent.sh", "ignores_sigterm.sh", "has_a_child_that_ignores_sigterm.sh"]
    threads = [threading.Thread(target=ask, args=(f"/{n}?{m}",)) for n, m in zip(names, marks, strict=True)]
    for thread in threads:
        thread.start()
    eventually(lambda: all(processes(mark) for mark in marks), "all run")
    begun = time.monotonic()
    ask.host.close()  # type: ignore[attr-defined]
    assert time.monotonic() - begun < 20  # the programs would run for a minute
    for mark in marks:
        assert_gone(mark, os.getpid())
    for thread in threads:
        thread.join()


def test_sigterm_comes_first_so_that_programs_can_clean_up(hosting: Hosting, tmp_path: Path) -> None:
    cleaned = tmp_path / "cleaned"
    ask = hosting()
    seen = threading.Event()
    request = Request(f"/cleans_up_on_sigterm.py?{cleaned}", at_first=seen.set)
    ask.leave(request, seen.is_set)
    eventually(cleaned.exists, "the program has cleaned up")


def test_stderr_is_logged_line_by_line_and_cannot_forge_lines(
    hosting: Hosting, caplog: pytest.LogCaptureFixture
) -> None:
    hosting()("/complains.sh")
    said = [record.getMessage() for record in caplog.records if "complains.sh" in record.getMessage()]
    assert [text.partition("complains.sh: ")[2] for text in said] == [
        "first line",
        "second \\x1b[31mline",
        "unfinished",
    ]


def test_the_log_of_stderr_is_bounded(hosting: Hosting, caplog: pytest.LogCaptureFixture) -> None:
    hosting()("/writes_1mb_to_stderr.py")
    said = [record.getMessage() for record in caplog.records]
    assert 500 < len(said) < 1000
    assert "more bytes on stderr are not logged" in said[-1]


def test_violations_of_a_program_are_logged_with_its_name(hosting: Hosting, caplog: pytest.LogCaptureFixture) -> None:
    ask = hosting()
    for target, complaint in [
        ("/prints.py?", "prints.py: the program wrote nothing"),
        ("/prints.py/exit/3?X-A:%20b%0A%0A", "prints.py: ended with exit status 3"),
        ("/prints.py/kill/9?X-A:%20b%0A%0A", "prints.py: was killed by signal 9"),
        ("/no_interpreter.sh", "its first line must name its interpreter"),
        ("/not_executable.sh", "chmod +x"),
        ("/link_out.sh", "follow_symlinks=True"),
    ]:
        caplog.clear()
        with caplog.at_level(logging.INFO, "gateways.cgi"):
            ask(target)
        assert complaint in caplog.text


def test_a_program_that_fails_after_its_response_is_logged(
    hosting: Hosting, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    assert hosting()(f"/fails_late.sh?{tmp_path / 'now'}").body == b"over\n"
    (tmp_path / "now").touch()
    eventually(lambda: "fails_late.sh: ended with exit status 3" in caplog.text, "the exit status is logged")


def test_accepted_violations_in_response_headers_are_logged_once(
    hosting: Hosting, caplog: pytest.LogCaptureFixture
) -> None:
    ask = hosting()
    for _ in range(3):
        assert ask("/prints.py?Content-Length:%0A%0Abody").body == b"body"
    assert [text.partition(": ")[2] for text in caplog.messages if "RFC 3875" in text] == [
        "Content-Length is empty; RFC 3875 (6) does not allow it (logged once)"
    ]


@pytest.mark.parametrize("warm", [False, True])
def test_a_first_line_that_ends_in_cr_lf_is_500_cold_and_warm_with_advice_in_the_log(
    hosting: Hosting, tmp_path: Path, warm: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """As under Apache and lighttpd: the kernel looks for an interpreter whose name ends in CR."""
    program = tmp_path / "from_windows.py"
    program.write_bytes(f"#!{sys.executable}\r\nprint('X-A: b\\n')\r\n".encode())
    program.chmod(0o755)
    ask = hosting(program, warm=warm)
    assert [ask("/").status for _ in range(3)] == [500] * 3
    assert "its first line ends in CR LF" in caplog.text


@pytest.mark.parametrize("user", [0, 1000])
def test_programs_that_run_as_root_are_logged_once_per_process(
    hosting: Hosting, caplog: pytest.LogCaptureFixture, user: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    host_module._warn_of_root.cache_clear()
    monkeypatch.setattr(os, "geteuid", lambda: user)
    ask = hosting()
    for _ in range(2):
        ask("/hello.sh")
    assert sum("run as root" in text for text in caplog.messages) == (user == 0)


@pytest.mark.parametrize("limit", [0, -1])
def test_a_limit_below_one_is_an_error(hosting: Hosting, limit: int) -> None:
    with pytest.raises(ValueError, match="limit"):
        hosting(limit=limit)


def test_a_missing_folder_is_an_error(hosting: Hosting, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        hosting(tmp_path / "missing")


@pytest.mark.parametrize("kind", ["cgi_to_asgi.CGIToASGI", "cgi_to_wsgi.CGIToWSGI"])
def test_programs_end_with_the_hosts_process(kind: str, programs: Path) -> None:
    module, name = kind.split(".")
    mark = uuid.uuid4().hex
    code = f"""
import sys, threading, time
sys.path.insert(0, {str(Path(__file__).parents[3])!r})
from gateways.adapters.{module} import {name}
from tests.adapters.run_cgi.asking import InASGI, InWSGI
ask = {"InASGI" if "ASGI" in name else "InWSGI"}({name}({str(programs)!r}))
threading.Thread(target=ask, args=("/ignores_sigterm.sh?{mark}",), daemon=True).start()
sys.stdin.read()
"""
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE) as process:
        eventually(lambda: processes(mark), "the program runs")
        process.communicate(timeout=20)
    eventually(lambda: not processes(mark), f"nothing is left: {processes(mark)}")


def test_requests_in_a_forked_process_are_served(hosting: Hosting) -> None:
    """As under gunicorn --preload: the host was used before the fork, and its reaper thread is not in the child."""
    ask = hosting()
    assert ask("/closes_stdout_and_works_on.sh?/dev/null").body == b"over\n"
    pid = fork()
    if not pid:
        bodies = [ask("/hello.sh").body, ask("/promises_5_octets_and_works_on.sh?/dev/null").body]
        os._exit(0 if bodies == [b"hello\n", b"hello"] else 1)
    assert os.waitpid(pid, 0)[1] == 0


def test_sigchld_may_be_ignored(hosting: Hosting) -> None:
    """Then the kernel reaps the program itself, and the exit status is lost."""
    ask = hosting()
    before = signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    try:
        assert ask("/hello.sh").body == b"hello\n"
    finally:
        signal.signal(signal.SIGCHLD, before)


@pytest.mark.parametrize("warm", [False, True])
def test_no_descriptor_or_process_is_left(hosting: Hosting, warm: bool) -> None:
    ask, process = hosting(warm=warm), psutil.Process()

    def round_of_requests() -> None:
        for target in ("/hello.sh", "/report.py", "/missing", "/no_interpreter.sh", "/prints.py?bad", "/link_in.sh/x"):
            ask(target)
            ask(target, "POST", body=b"x" * 100_000)
            ask(target, "POST", chunks=[b"x" * 1000, b"y" * 2_000_000])
        ask("/prints.py/kill/9?X-A:%20b%0A%0A")
        ask("/redirects_to_itself.sh")
        ask("/leaves_a_job.sh?/dev/null")
        ask.leave(Request("/writes_for_ever.sh"), lambda: True)

    def opened() -> tuple[int, int, int]:
        return process.num_fds(), process.num_threads(), len(process.children())

    def after_rounds(count: int) -> tuple[int, int, int]:
        for _ in range(count):
            round_of_requests()
        eventually(lambda: not ask.host._running, "all programs have ended")  # type: ignore[attr-defined]
        return opened()

    before = after_rounds(1)
    eventually(lambda: all(map(operator.le, after_rounds(1), before)), f"no more is open than before: {before}", 30)
