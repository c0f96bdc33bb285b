"""Requirements for the end of a program, and for its leftovers; subclasses run them in process and on servers."""

import time
import uuid
from abc import ABC, abstractmethod
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from gateways.adapters.run_cgi.limits import BODILESS_SECONDS
from tests.adapters.run_cgi.asking import Asker, Request
from tests.adapters.run_cgi.leftovers import assert_gone, processes
from tests.real.serving import eventually

SILENT = ["is_silent.sh", "is_silent_after_its_head.sh", "waits_for_a_child.sh"]
SILENT += ["ignores_sigterm.sh", "has_a_child_that_ignores_sigterm.sh"]
WRITING = ["writes_for_ever.sh", "writes_now_and_then.sh"]


class TheClientLeaves(ABC):
    """The client disconnects: for each behaviour of a program, the program, its children and zombies are gone."""

    @abstractmethod
    def pid(self) -> int:
        """The host's process, or a parent of it."""

    def leaves(self, ask: Asker, program: str, **details: object) -> None:
        """Disconnect from a running program."""
        mark = uuid.uuid4().hex
        ask.leave(Request(f"/{program}?{mark}", **details), lambda: processes(mark))  # type: ignore[arg-type]
        assert_gone(mark, self.pid())

    @pytest.mark.parametrize("program", SILENT)
    def test_while_the_program_is_silent(self, ask: Asker, program: str) -> None:
        self.leaves(ask, program)

    @pytest.mark.parametrize("program", WRITING)
    def test_while_the_program_writes(self, ask: Asker, program: str) -> None:
        self.leaves(ask, program)


class Endings(ABC):
    """The response ends and its program continues, or the program ends before its response."""

    @abstractmethod
    def pid(self) -> int:
        """The host's process, or a parent of it."""

    @pytest.mark.parametrize("program", ["closes_stdout_and_works_on.sh", "promises_5_octets_and_works_on.sh"])
    def test_the_response_ends_at_once_even_if_the_program_continues(
        self, ask: Asker, program: str, tmp_path: Path
    ) -> None:
        done = tmp_path / "done"
        response = ask(f"/{program}?{done}")
        assert not done.exists()
        assert response.complete
        assert response.body in (b"over\n", b"hello")
        done.with_name("done.go").touch()
        eventually(done.exists, "the program does its work")
        assert_gone(str(done), self.pid())

    def test_6_4_a_job_that_holds_stdout_delays_the_end_briefly_and_completes(self, ask: Asker, tmp_path: Path) -> None:
        done = tmp_path / "done"
        response = ask(f"/leaves_a_job.sh?{done}")
        assert (response.complete, response.body, done.exists()) == (True, b"over\n", False)
        eventually(done.exists, "the job does its work")
        assert_gone(str(done), self.pid())

    def test_a_job_that_has_closed_stdout_may_still_write_to_stderr(self, ask: Asker, tmp_path: Path) -> None:
        done = tmp_path / "done"
        assert ask(f"/leaves_a_job_that_complains.sh?{done}").body == b"over\n"
        eventually(done.exists, "the job does its work")

    def test_6_4_the_output_of_a_child_is_part_of_the_response(self, ask: Asker) -> None:
        assert ask("/has_a_child_that_writes_on.sh").body == b"one two three four five "

    def test_a_child_that_has_closed_the_pipes_keeps_running(self, ask: Asker, tmp_path: Path) -> None:
        done = tmp_path / "done"
        assert ask(f"/leaves_a_daemon.sh?{done}").body == b"over\n"
        eventually(done.exists, "the daemon does its work")

    @pytest.mark.parametrize("program", ["hello.sh", "no_interpreter.sh", "redirects_to_itself.sh", "prints.py"])
    def test_no_process_or_descriptor_remains_after_a_complete_request(self, ask: Asker, program: str) -> None:
        mark = uuid.uuid4().hex
        ask(f"/{program}?{mark}")
        assert_gone(mark, self.pid())

    def test_six_programs_run_concurrently(self, ask: Asker, tmp_path: Path) -> None:
        with ThreadPoolExecutor(6) as pool:
            responses = list(pool.map(ask, [f"/meets_five_others.sh?{tmp_path}"] * 6))
        assert [response.body for response in responses] == [b"hello\n"] * 6

    def test_the_first_octet_is_sent_when_it_is_written(self, ask: Asker, tmp_path: Path) -> None:
        seen = tmp_path / "seen"
        response = ask(f"/waits_for_a_file.sh?{seen}", at_first=seen.touch)
        assert response.body == b"first\nsecond\n"


class EndlessBodies(ABC):
    """The output of a program after a response that has no body."""

    @abstractmethod
    def pid(self) -> int:
        """The host's process, or a parent of it."""

    @pytest.mark.parametrize("program", WRITING)
    def test_head_is_answered_even_if_the_body_never_ends(self, ask: Asker, program: str) -> None:
        mark = uuid.uuid4().hex
        begun = time.monotonic()
        response = ask(f"/{program}?{mark}", "HEAD")
        assert (response.status, response.body, response.complete) == (200, b"", True)
        assert time.monotonic() - begun < BODILESS_SECONDS
        assert_gone(mark, self.pid())
