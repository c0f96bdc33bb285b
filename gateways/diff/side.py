"""Run one of the two stacks. A stack is an app on a server that this module starts, or a running server with a URL.

Knows how to start and stop a server, and how to reset data. It must not know requests or comparisons.
"""

import contextlib
import queue
import re
import ssl
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

from gateways.diff.ask import Address
from gateways.diff.result import Side
from gateways.failure import Failure
from gateways.serving.adapting import ADAPTERS
from gateways.serving.listen import bind
from gateways.serving.probe import Known
from gateways.serving.process import LAST, SAME_HASHES, START, EventQueue, ServerProcess, end_all
from gateways.serving.server import Mode, side
from gateways.serving.settings import USUAL, Settings
from gateways.serving.shell import run_shell


@dataclass(frozen=True, slots=True)
class Stack:
    """An app on a server, which is started for each round. `label` is the user's text for the stack."""

    label: str
    known: Known
    mode: Mode
    server: str
    settings: Settings = USUAL

    @property
    def adapter(self) -> str:
        """The name of the adapter between the app and the server; "" if the server speaks the app's interface."""
        if self.known.interface == "cgi":
            return ADAPTERS["cgi", "wsgi" if self.mode == "wsgi" else "asgi"]
        return "" if self.known.interface == self.mode else ADAPTERS[self.known.interface, self.mode]

    @property
    def words(self) -> Side:
        version = side(self.mode).SERVERS[self.server].version()
        by = f" through {self.adapter}" if self.adapter else ""
        what = f"{self.known.target} ({self.known.interface.upper()}){by} on {self.server} {version}"
        return Side(self.label, what, self.adapter)


@dataclass(frozen=True, slots=True)
class Site:
    """A running server. It receives only the user's requests, and no requests that check if it is ready."""

    url: str
    tls: ssl.SSLContext | None = None

    @property
    def label(self) -> str:
        return self.url

    @property
    def words(self) -> Side:
        return Side(self.url, self.url)


@dataclass(slots=True)
class Running:
    """A stack that is ready for requests.

    lines: the log lines after it was ready. starting: the log lines before that. ended: True if the server exited by
    itself.
    """

    address: Address
    lines: list[str] = field(default_factory=list)
    starting: list[str] = field(default_factory=list)
    ended: bool = False


class Ports:
    """The port of the started stacks. Both stacks use the same port in all rounds, because apps may show it in their
    responses. The port changes only if another process has taken it.
    """

    def __init__(self) -> None:
        self.port = 0


@contextlib.contextmanager
def running(spec: Stack | Site, host: str, ports: Ports) -> Iterator[Running]:
    """Start the stack, and stop it at the end of the block. For a site, only return its address.

    host: the Host header for a started stack, and for a site on this machine. Other sites get the host from their URL.

    Raises: Failure: the started server exited, or is not listening after START seconds.
    """
    if isinstance(spec, Site):
        yield Running(_address(spec, host))
        return
    incoming: EventQueue = queue.SimpleQueue()
    try:
        sock = bind("127.0.0.1", ports.port)
    except Failure:  # another process has taken the port
        sock = bind("127.0.0.1", 0)
    ports.port = sock.getsockname()[1]
    # A CGI program gets only the variables in this list.
    settings = replace(spec.settings, environment=(*SAME_HASHES, *spec.settings.environment))
    process = ServerProcess(
        spec.mode, spec.server, spec.known.target, "nothing", sock, incoming, spec.known.interface, settings,
        SAME_HASHES, varied=True,
    )  # fmt: skip
    stack = Running(Address(process.address, host))
    try:
        _until_ready(spec, process, incoming)
        before = len(process.lines)
        stack.starting = process.lines[:before]
        yield stack
        time.sleep(LAST / 3)  # wait for log lines about the last request
        stack.lines = process.lines[before:]
        stack.ended = _has_ended(incoming)
    finally:
        end_all([process])


def _has_ended(incoming: EventQueue) -> bool:
    found = False
    while not incoming.empty():
        item = incoming.get()
        found = found or (item is not None and item.kind == "ended")
    return found


def _until_ready(spec: Stack, process: ServerProcess, incoming: EventQueue) -> None:
    until = time.monotonic() + START + 1
    while (left := until - time.monotonic()) > 0:
        try:
            item = incoming.get(timeout=left)
        except queue.Empty:
            break
        if item is not None and item.kind == "ready":
            return
        if item is not None and item.kind == "ended":
            reason = process.lines[-1] if process.lines else "(no output)"
            raise Failure(f"{spec.label}: the server {spec.server} did not start: {reason}", "\n".join(process.lines))
    raise Failure(f"{spec.label}: the server {spec.server} is not listening after {START:.0f} seconds")


def _address(site: Site, host: str) -> Address:
    url = urlsplit(site.url)
    port = url.port or (443 if url.scheme == "https" else 80)
    own = url.netloc.rpartition("@")[2]
    is_here = url.hostname in ("localhost", "127.0.0.1", "::1")
    return Address((url.hostname or "", port), host if is_here else own, site.tls if url.scheme == "https" else None)


def site(url: str, *, insecure: bool = False, authorities: str | None = None) -> Site:
    """Return the site at a URL.

    insecure: accept any certificate. authorities: a file of certificates to trust.

    Raises: Failure: not an HTTP URL without a path, or the file cannot be read.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path.strip("/") or parts.query:
        raise Failure(
            f"{url!r} is not the URL of a server; write for example http://127.0.0.1:8000 (paths are in the requests)"
        )
    if parts.scheme == "http":
        return Site(url.rstrip("/"))
    try:
        context = ssl.create_default_context(cafile=authorities)
    except (OSError, ssl.SSLError) as error:
        raise Failure(f"cannot read certificates from {authorities}: {error}") from error
    if insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return Site(url.rstrip("/"), context)


def reset(command: str) -> None:
    """Run the user's command that resets the data, in a shell.

    Raises: Failure: the command failed; the text has its last line.
    """
    status, last = run_shell(command)
    if status:
        raise Failure(f"--reset {command!r} failed with exit status {status}: {last or 'no output'}")


def messages(lines: list[str]) -> dict[str, str]:
    """Return each log message without its numbers, which vary, and the first line with this message.

    The frames of tracebacks, and the boxes around them, are left out.
    """
    kept = (line for line in lines if line.strip() and not _FRAME.match(line))
    return {re.sub(r"0x[0-9a-f]+|\d+", "0", line): line for line in reversed(list(kept))}


_FRAME = re.compile(r"[ \t\u2500-\u257f]|Traceback \(most recent")
