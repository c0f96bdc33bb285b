"""Export scenarios as a locustfile that needs only locust, not this project. `template` is the common part of all such
files.

Pure except for reading the template.
"""

import json
import re
import shlex
from collections.abc import Sequence
from pathlib import Path

from gateways.compare.measure.remote import Site
from gateways.compare.plan.scenarios import Scenario
from gateways.failure import Failure
from gateways.requests.request import Request as Recorded

TEMPLATE = Path(__file__).with_name("template.py")
SECONDS = 20
HERE = Site("here", "127.0.0.1", 8000)
"""The default host of the file, which is the default address of `gateways serve` and of most servers."""


def command(scenarios: Sequence[Scenario], file: str) -> str:
    """Return the command line that runs the first scenario."""
    users = max(scenarios[0].connections)
    options = f"--headless --users {users} --spawn-rate {users} --run-time {SECONDS}s --json-file stats"
    return f"locust -f {shlex.quote(file)} {options} {name_of(scenarios[0])}"


def locustfile(site: Site, scenarios: Sequence[Scenario], file: str) -> str:
    """Return the text of the file.

    Raises:
        Failure: the load needs more than plain locust can send.
    """
    for each in scenarios:
        if each.behind or each.needs_websocket:
            what = "messages of WebSockets" if each.needs_websocket else "clients that read slowly or hold connections"
            raise Failure(f"{each.name} needs {what}, which plain locust does not support; use --engine locust")
        if each.mix and (len(each.mix) > 1 or each.login or not _is_plain(each.mix[0])):
            raise Failure(
                "a locustfile can send only one GET request, without a login; use --engine locust to send all requests"
            )
    template = re.sub(r"  # (type: ignore|noqa).*", "", TEMPLATE.read_text(encoding="utf-8"))
    filled = template.replace("{command}", command(scenarios, file)).replace("{host}", site.url)
    return "\n\n\n".join([filled.rstrip(), *(_class(site, each) for each in scenarios)]) + "\n"


def _is_plain(request: Recorded) -> bool:
    return request.method == "GET" and not request.headers and request.body is None


def name_of(scenario: Scenario) -> str:
    """Return the name of the class: SlowReaders for `slow-readers`."""
    return scenario.name.title().replace("-", "")


def _class(site: Site, scenario: Scenario) -> str:
    request = site.for_server(scenario.request)
    lines = [
        f"class {name_of(scenario)}(Verified):",
        f'    """It reveals {scenario.reveals}."""',
        "",
        f"    method, path, body = {json.dumps(request.method)}, {json.dumps(request.target)}, {request.body}",
    ]
    if request.headers:
        lines.append(f"    headers = {json.dumps(dict(request.headers))}")
    if scenario.load == "long":
        lines.append("    in_pieces = True")
    return "\n".join(lines)
