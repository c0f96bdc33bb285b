"""Rules about the app's process: working directory and environment variables. Pure."""

import re

from gateways.check.finding import Advice, Seen
from gateways.check.move import Move

_SECRET = re.compile(r"SECRET|TOKEN|PASSW|PRIVATE|CREDENTIAL|API_?KEY|ACCESS_?KEY|DATABASE_URL|DSN", re.IGNORECASE)


def relative_path(seen: Seen, move: Move) -> Advice:
    where = (
        "CGI hosts change to the program's folder (RFC 3875, 7.2)"
        if move.to == "cgi"
        else "a server keeps the working directory of the command that starts it, e.g. / under systemd and mod_wsgi"
    )
    return Advice(
        f"a file is opened by the relative path {seen.values['path']!r}",
        f"{where}, so the path may name another file there, or no file",
        "build the path from the module: Path(__file__).parent / ...",
    )


def environment(seen: Seen, move: Move) -> Advice | None:
    name = seen.values["name"]
    if move.to != "cgi":
        return None
    if _SECRET.search(name):
        return Advice(
            f"a CGI program would get the secret {name} through its environment",
            "CGI programs get the request's meta-variables and only the variables that the web server is set to pass "
            "(RFC 3875, 4.1). If the server passes the secret, every program in the folder can reveal it, and so can "
            "each process that a program starts, and each error page that prints the environment",
            f"read {name} from a file that only the program's user can read",
        )
    return Advice(
        f"the variable {name} is missing in a CGI program",
        "CGI programs get the request's meta-variables and only the variables that the web server is set to pass "
        "(RFC 3875, 4.1)",
        f"pass {name} to the program: PassEnv {name} in Apache, inherit=[{name!r}] of CGIToASGI, --env {name} of "
        "gateways serve",
    )


def shown_environment(seen: Seen, _move: Move) -> Advice:
    return Advice(
        f"{seen.request} shows the environment of the program to its client",
        "the response body contains a variable that the check passed to the program; it would also contain secrets "
        "that a server passes to its CGI programs (CWE-526)",
        "do not serve this program, or print only the variables that it needs",
    )
