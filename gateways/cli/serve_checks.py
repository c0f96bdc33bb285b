"""Reject options of `gateways serve` that the server or the target does not support. Provide the files for TLS."""

import contextlib
import os
from collections.abc import Iterator

import click

from gateways.cli.plan import Plan
from gateways.failure import Failure
from gateways.serving.certificate import self_signed
from gateways.serving.server import MODES, Mode, side


def _instead(option: str, mode: Mode) -> str:
    """Return advice that names the servers with this option: servers of the mode, then servers with an adapter."""
    having = {each: [name for name, server in side(each).SERVERS.items() if option in server.options] for each in MODES}
    own = f"use one of {', '.join(having[mode])}" if having[mode] else f"no {mode.upper()} server supports it"
    others = [name for each in ("wsgi", "asgi") if each != mode for name in having[each] if name not in having[mode]]
    # The threads of a WSGI server run the adapter, not the ASGI app.
    return own if option == "threads" or not others else f"{own}, or, with an adapter, {', '.join(others)}"


def check(plan: Plan, unix: str | None) -> None:
    """Check that the server and the target support the options.

    Raises:
        UsageError: an option is not supported; for an option of servers, the message names the servers that support it.
    """
    mode, settings = plan.mode, plan.settings
    is_adapted = mode == "asgi" and plan.known.interface == "wsgi"  # the adapter runs the app on threads
    requested = {
        "tls": bool(settings.certfile),
        "threads": settings.threads is not None and not is_adapted,
        "workers": (settings.workers or 1) > 1,
        "unix": unix is not None,
    }
    servers = side(mode).SERVERS
    for option, is_asked in requested.items():
        if is_asked and option not in servers[plan.server].options:
            raise click.UsageError(f"{plan.server} does not support --{option}; {_instead(option, mode)}.")
    is_cgi = "cgi" in (mode, plan.known.interface)
    if plan.reload and is_cgi:
        raise click.UsageError("--reload does not apply to CGI, which runs the current program for each request.")
    for_cgi = {
        "warm": settings.warm,
        "env": bool(settings.environment),
        "chdir": settings.chdir is not None,
        "follow-symlinks": settings.follow_symlinks,
        "limit": settings.limit is not None,
        "timeout": settings.timeout is not None,
    }
    for option, is_there in for_cgi.items():
        if is_there and not is_cgi:
            raise click.UsageError(f"--{option} is for CGI programs, and {plan.known.target} is not one.")
    if settings.cgi_dirs and not settings.files:
        raise click.UsageError(f"--cgi-dir is for a folder of files and programs, and {plan.known.target} is not one.")
    for variable in settings.environment:
        name, is_given, _ = variable.partition("=")
        if not name:
            raise click.UsageError(f"--env {variable!r} has no name before the '='; write e.g. --env LANGUAGE=en.")
        if not is_given and name not in os.environ:
            raise click.UsageError(
                f"--env {name}: the variable is not set in this environment; use --env {name}=VALUE."
            )


@contextlib.contextmanager
def certificate(
    certfile: str | None, keyfile: str | None, is_made: bool, host: str | None
) -> Iterator[tuple[str, str] | None]:
    """Yield the paths of the certificate and its key, which exist during the block; None for plain HTTP.

    Raises:
        UsageError: the options contradict each other.
        Failure: the files are not a certificate and its key.
    """
    if is_made:
        if certfile or keyfile:
            raise click.UsageError("--tls creates its own certificate; use it without --certfile and --keyfile.")
        with self_signed(host or "127.0.0.1") as paths:
            yield paths
    elif certfile:
        import ssl

        pair = certfile, keyfile or certfile
        try:
            ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(*pair)
        except OSError as error:
            raise Failure(
                f"{' and '.join(dict.fromkeys(pair))} cannot be used for TLS: {error}; expected files in PEM format"
            ) from error
        yield pair
    elif keyfile:
        raise click.UsageError("--keyfile needs --certfile.")
    else:
        yield None
