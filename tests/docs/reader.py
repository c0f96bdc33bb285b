"""The reader of one page: runs its blocks in a separate folder, and reports the results.

Knows processes. reading.py runs it in separate network and process namespaces, in which all ports are free, and no
process remains: `python -m tests.docs.reader PAGE` prints a JSON list of actual or possible differences from the page.
"""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path

from tests.docs.blocks import Block, Command, aligned, blocks, commands
from tests.docs.place import ROOT, answers, clone, listening
from tests.docs.shown_only import DRAWINGS, why_not

SERVERS = re.compile(
    r"(\.venv/bin/)?"
    r"(make demo|gateways (demo|serve(?!.* --print))|uvicorn|gunicorn|waitress-serve|hypercorn|daphne|granian"
    r"|cheroot|lighttpd)\b"
)
"""Commands that serve until they are stopped."""

OURS = re.compile(r"(\.venv/bin/)?(make|gateways) ")
READY = "Press Ctrl-C to stop."  # their output when all servers listen
ENDS = 60.0  # seconds for a command to end by itself
STARTS = 20.0  # for a server to listen
SAYS = 4.0  # for the line of a finished request
EXITS = 5.0  # from Ctrl-C

CGI = {
    "GATEWAY_INTERFACE": "CGI/1.1",
    "SERVER_PROTOCOL": "HTTP/1.1",
    "SERVER_NAME": "localhost",
    "SERVER_PORT": "80",
    "REQUEST_METHOD": "GET",
    "SCRIPT_NAME": "/app.cgi",
    "PATH_INFO": "/",
}
"""The first line of Python files that are CGI programs."""


@dataclass(slots=True)
class Finding:
    """The result of a block or a command: its line, the shown output, which starts at line `below`, and the real
    output.
    """

    line: int
    text: str
    below: int = 0
    shown: tuple[str, ...] = ()
    real: list[str] = field(default_factory=list)
    problem: str = ""


class Reader:
    """Reads one page from the top. A server runs until the next one is started, or the page ends."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.findings: list[Finding] = []
        self._serving: tuple[subprocess.Popen[bytes], Path, Finding] | None = None
        self._others = set(listening())  # ports of other programs, if the page does not have its own network
        self._asked = False  # True if a later command has run: it fails if the server does not respond
        path = [str(folder / ".venv/bin"), "/usr/local/bin", "/usr/bin", "/bin", "/usr/sbin"]
        kept = {name: os.environ[name] for name in ("LANG", "LC_ALL", "TMPDIR") if name in os.environ}
        self._environment = {**kept, "HOME": str(folder / ".home"), "PATH": os.pathsep.join(path), "COLUMNS": "120"}

    def read(self, page: str) -> None:
        """Run every block of the page."""
        for block in blocks(page):
            if block.title is not None:
                self._keep(block, block.title)
            elif block.language == "console":
                for command in commands(block):
                    self._command(command)
            elif block.language == "python":
                self._python(block)
            elif block.language not in DRAWINGS:
                why = f"a {block.language or 'nameless'} block is neither run nor has it a title, to be a file"
                self.findings.append(Finding(block.line, block.text, problem=why))
        self.end()

    def _keep(self, block: Block, title: str) -> None:
        """Write a block with a title to the file of that name."""
        file = self.folder / title
        if not file.resolve().is_relative_to(self.folder.resolve()):
            raise ValueError(f"line {block.line}: {title} would be written into this tree")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(block.text)
        if block.text.startswith("#!"):
            file.chmod(0o755)

    def _python(self, block: Block) -> None:
        """Run a block of Python. If the block is a copy of a file, only import the file, because other tests run it."""
        file = self.folder / f"block_{block.line}.py"
        file.write_text(block.text)
        command = f"import runpy; runpy.run_path({file.name!r}, run_name={'shown' if block.source else '__main__'!r})"
        done = self._run([sys.executable, "-c", command], CGI)
        problem = "" if done.returncode == 0 else f"exits with {done.returncode}"
        self.findings.append(Finding(block.line, block.text, real=done.stdout.splitlines(), problem=problem))

    def _command(self, command: Command) -> None:
        finding = Finding(command.line, command.text, command.below, command.shown)
        if why_not(command.text) is not None:
            return
        self.findings.append(finding)
        if SERVERS.match(command.text):
            self._serve(finding)
            return
        self._asked = True
        expected = re.search(r"# .*\bexit status (\d+)", command.text)
        try:
            done = self._run(["bash", "-c", command.text])
        except subprocess.TimeoutExpired:
            finding.problem = f"did not end within {ENDS:.0f} seconds; if it is a server, reader.SERVERS must name it"
            return
        finding.real = self._shown(done.stdout)
        if done.returncode != int(expected[1] if expected else 0):
            finding.problem = f"exits with {done.returncode}"

    def _run(self, arguments: list[str], more: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            arguments,
            cwd=self.folder,
            env=self._environment | (more or {}),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            timeout=ENDS,
            check=False,
        )

    def _serve(self, finding: Finding) -> None:
        self.end()
        output = self.folder / ".home" / f"output-{finding.line}"
        with output.open("wb") as file:
            process = subprocess.Popen(
                ["bash", "-c", f"exec {finding.text}"],
                cwd=self.folder,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._serving, self._asked = (process, output, finding), False
        ready = READY if OURS.match(finding.text) else ""

        def is_up() -> bool:
            return process.poll() is not None or (bool(self._ports()) and ready in output.read_text(errors="replace"))

        if not until(is_up, STARTS):
            finding.problem = f"does not listen after {STARTS:.0f} seconds"
        elif process.poll() is not None:
            finding.problem = f"exits with {process.returncode}"

    def end(self) -> None:
        """Stop the server with SIGINT, after it has printed the shown lines."""
        if self._serving is None:
            return
        process, output, finding = self._serving
        self._serving = None

        def says_it() -> bool:
            finding.real = self._shown(output.read_text(errors="replace"))
            return not finding.shown or aligned(finding.shown, finding.real) is not None

        until(says_it, SAYS)
        if process.poll() is None and not finding.problem and not self._asked:
            finding.problem = "; ".join(
                f"does not answer on port {each}" for each in self._ports() if not answers(each)
            )
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGINT)
        try:
            process.wait(EXITS)
        except subprocess.TimeoutExpired:
            if OURS.match(
                finding.text
            ):  # gunicorn with threads may miss the signal, because it joins threads in the signal's handler
                finding.problem = f"does not end within {EXITS:.0f} seconds of Ctrl-C"
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        if not until(lambda: not self._ports(), EXITS):
            finding.problem = "has ended, and something that it started still listens"

    def _ports(self) -> set[int]:
        """Return the ports of the page's server."""
        return set(listening()) - self._others

    def _shown(self, output: str) -> list[str]:
        """Return the lines of an output, without details of this machine."""
        for real, usual in ((str(self.folder), "/home/you/gateways"), (str(ROOT), "/home/you/gateways")):
            output = output.replace(real, usual)
        return output.rstrip().splitlines()


def until(condition: Callable[[], bool], seconds: float) -> bool:
    """Poll for a condition. Return True if the condition became true."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def main() -> None:
    """Read the given page, and print the results."""
    page = Path(sys.argv[1])
    with clone() as folder:
        reader = Reader(folder)
        try:
            reader.read(page.read_text())
        finally:
            reader.end()
    print(json.dumps([asdict(finding) for finding in reader.findings]))


if __name__ == "__main__":
    main()
