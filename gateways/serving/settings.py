"""What may be asked of a server, and of the adapter before the app, beyond which app they serve. Pure."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Settings:
    """How to serve. Of a server's numbers None means the usual one; which of them it has is in its row (server.py).

    threads: that run the app, of the server or of the adapter in between.
    workers: processes of the server.
    root_path: where the app is mounted, e.g. "/shop"; "" for the root.
    warm: run CGI programs in Python by forks of an interpreter that has imported what they need.
    files: the target is a folder to be served as a site: its files, and the programs of `cgi_dirs`.
    certfile, keyfile: PEM files for TLS; "" for plain HTTP.
    log_level: least level of log records, e.g. "info"; None for logging's own, without times.
    environment: variables for CGI programs, each "NAME=VALUE", or "NAME" to pass on what it is here.
    cgi_dirs: paths below the site whose executable files are programs. Default: /cgi-bin and /htbin.
    chdir: working folder of CGI programs. Default: the folder of each.
    follow_symlinks: links may lead out of the folder.
    limit: number of CGI programs that run at once.
    timeout: seconds for a CGI program; 0 for no limit.
    """

    threads: int | None = None
    workers: int | None = None
    root_path: str = ""
    warm: bool = False
    files: bool = False
    environment: tuple[str, ...] = ()
    cgi_dirs: tuple[str, ...] = ()
    chdir: str | None = None
    follow_symlinks: bool = False
    limit: int | None = None
    timeout: float | None = None
    certfile: str = ""
    keyfile: str = ""
    log_level: str | None = None


USUAL = Settings()
