"""Web servers with a folder of CGI programs: this project's hosts, lighttpd and Apache, each configured for it.

    with serving("apache-cgid", folder) as server:
        httpx.get(server.url + "/hello.cgi")

Knows the servers' command lines and configurations. It must not know the programs: for every server, they are the files
that end in .cgi. lighttpd and Apache rewrite URLs so that they do not show the program:

    /pretty/x      to  /app.cgi/x   of the same folder
    /fallback/x    to  /fallback/root.cgi, without the path (Apache's FallbackResource)
    /login/x       to  /app.cgi/x, with the Authorization header, as on Apache without CGIPassAuth
"""

import contextlib
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.programs import require_program
from tests.real.serving import ROOT, Running, serve

OURS = ("uvicorn", "waitress")
SERVERS = (*OURS, "lighttpd", "apache-cgid", "apache-cgi")

_LIGHTTPD = """
server.modules = ("mod_rewrite", "mod_cgi")
server.document-root = "{folder}"
server.bind = "{host}"
server.port = env.PORT
server.upload-dirs = ("{scratch}")
server.stream-response-body = 1
cgi.assign = (".cgi" => "")
url.rewrite-once = ("^/pretty/(.*)$" => "/app.cgi/$1", "^/fallback/.*$" => "/fallback/root.cgi")
"""
_APACHE = """
ServerName localhost
ServerRoot "{scratch}"
DefaultRuntimeDir "{scratch}"
PidFile "{scratch}/httpd.pid"
ErrorLog /dev/stderr
{modules}
{extra}
DocumentRoot "{folder}"
AddHandler cgi-script .cgi
<Directory "{folder}">
    Options +ExecCGI +FollowSymLinks
    AllowOverride All
    Require all granted
</Directory>
"""
_HTACCESS = """
RewriteEngine on
RewriteRule ^pretty/(.*)$ app.cgi/$1 [L]
RewriteRule ^login/(.*)$ app.cgi/$1 [E=HTTP_AUTHORIZATION:%{HTTP:Authorization},L]
<FilesMatch "^(flask|starlette|fastapi)">
    CGIPassAuth On
</FilesMatch>
"""
_MODULES = "/usr/lib/apache2/modules"
_OF_APACHE = ("authz_core", "dir", "mime", "rewrite")
# Apache refuses to serve as root, and changes to another user. This user may not be able to read our Python, so Apache
# keeps the privilege to read all files.
_NOT_ROOT = (
    *("setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"),
    *("--inh-caps=+dac_override", "--ambient-caps=+dac_override"),
)


@contextlib.contextmanager
def serving(name: str, folder: Path, scratch: Path) -> Iterator[Running]:
    """Serve `folder` with one of SERVERS during the block; `scratch` is the folder for the server's files."""
    make = {"lighttpd": _lighttpd, "apache-cgid": _apache, "apache-cgi": _apache}.get(name)
    if make is None:
        env = {**os.environ, "CGI_PROGRAMS": str(folder)}
        app = "asgi" if name == "uvicorn" else "wsgi"
        with serve(f"tests.real.apps.cgi_child_host:{app}", name, env=env) as running:
            yield running
    else:
        with serve(make(name, folder, scratch), env={"PATH": os.environ["PATH"]}) as running:
            yield running


def _lighttpd(_: str, folder: Path, scratch: Path) -> Sequence[str]:
    program = require_program("lighttpd")
    configuration = scratch / "lighttpd.conf"
    configuration.write_text(_LIGHTTPD.format(folder=folder, scratch=scratch, host="127.0.0.1"))
    return ["env", "PORT={port}", program, "-D", "-f", str(configuration)]


def _apache(name: str, folder: Path, scratch: Path) -> Sequence[str]:
    program = require_program("apache2")
    mpm, cgi = ("event", "cgid") if name == "apache-cgid" else ("prefork", "cgi")
    modules = "\n".join(
        f"LoadModule {module}_module {_MODULES}/mod_{module}.so" for module in (f"mpm_{mpm}", cgi, *_OF_APACHE)
    )
    extra = f'TypesConfig /dev/null\nStartServers 2\n{f"""ScriptSock "{scratch}/sock" """ if cgi == "cgid" else ""}'
    configuration = scratch / "httpd.conf"
    configuration.write_text(_APACHE.format(folder=folder, scratch=scratch, modules=modules, extra=extra))
    (folder / ".htaccess").write_text(_HTACCESS)
    (folder / "fallback").mkdir(exist_ok=True)
    (folder / "fallback" / ".htaccess").write_text("FallbackResource /fallback/root.cgi\n")
    scratch.chmod(0o777)
    command = [program, "-D", "FOREGROUND", "-f", str(configuration), "-C", "Listen {host}:{port}"]
    return [*_NOT_ROOT, *command] if os.geteuid() == 0 else command


def write_program(file: Path, *lines: str) -> None:
    """Write an executable Python program that can import this project in any environment."""
    start = (f"#!{sys.executable} -B", "import sys", f"sys.path[:0] = [{str(ROOT)!r}]")
    file.write_text("\n".join((*start, *lines, "")))
    file.chmod(0o755)
