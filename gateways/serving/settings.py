"""Settings of the server and of the adapter. Pure."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Settings:
    """How to serve a target. None means the default. The server's row (server.py) lists the options that it supports.

    threads: threads that run the app, in the server or the adapter.
    workers: worker processes of the server.
    root_path: path at which the app is mounted, e.g. "/shop"; "" for the root.
    warm: run Python CGI programs in forks of an interpreter that has imported their modules.
    files: the target is a folder to serve as a site: its files, and the programs of `cgi_dirs`.
    certfile, keyfile: PEM files for TLS; "" for plain HTTP.
    log_level: lowest level of log records, e.g. "info"; None for logging's default, without times.
    environment: variables for CGI programs, each "NAME=VALUE", or "NAME" to pass on the current value.
    cgi_dirs: paths below the site whose executable files are programs. Default: /cgi-bin and /htbin.
    chdir: working folder of CGI programs. Default: the folder of each program.
    follow_symlinks: follow symbolic links that lead out of the folder.
    limit: maximum number of concurrent CGI programs.
    timeout: time limit of a CGI program, in seconds; 0 for no limit.
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
