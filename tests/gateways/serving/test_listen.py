"""Sockets bound before servers start, and the errors if that fails."""

import socket
from pathlib import Path

import pytest

from gateways.failure import Failure
from gateways.serving.listen import bind, bind_unix, connect, reachable, url


def test_port_0_is_any_free_port_and_no_client_is_served_before_the_server_listens() -> None:
    with bind("127.0.0.1", 0) as sock:
        host, port = reachable(sock)
        assert host == "127.0.0.1"
        assert port > 0
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((host, port), timeout=5)


def test_a_port_in_use_is_reported_in_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(Failure, match=rf"^port {port} on 127.0.0.1 is in use; .*--port"):
            bind("127.0.0.1", port)


def test_an_unknown_or_foreign_host_is_reported_in_one_line() -> None:
    with pytest.raises(Failure, match=r"^cannot listen on 192.0.2.1 port 0: .*; try --host"):
        bind("192.0.2.1", 0)  # RFC 5737: an address of documentation
    with pytest.raises(Failure, match=r"^the host 'no such host' cannot be resolved .*; try --host"):
        bind("no such host", 0)


def test_a_wildcard_address_is_reached_on_loopback() -> None:
    with bind("0.0.0.0", 0) as sock:
        assert reachable(sock)[0] == "127.0.0.1"


def test_urls_have_ipv6_addresses_in_brackets() -> None:
    assert url("127.0.0.1", 80) == "http://127.0.0.1:80"
    assert url("::1", 80) == "http://[::1]:80"


def test_the_socket_file_of_an_exited_server_is_replaced(tmp_path: Path) -> None:
    path = str(tmp_path / "socket")
    with bind_unix(path) as first:
        assert reachable(first) == (path, 0)
        assert url(*reachable(first)) == f"unix:{path}"
        first.listen()
        connect((path, 0)).close()
        with pytest.raises(Failure, match=rf"^cannot listen on {path}: another server listens on it, .*; .*--unix"):
            bind_unix(path)
    with bind_unix(path), pytest.raises(ConnectionRefusedError):  # not listening yet
        connect((path, 0))


def test_a_file_that_is_not_a_socket_is_kept(tmp_path: Path) -> None:
    file = tmp_path / "precious"
    file.write_text("data")
    with pytest.raises(Failure, match="not a socket"):
        bind_unix(str(file))
    assert file.read_text() == "data"
    with pytest.raises(Failure, match="No such file or directory"):
        bind_unix(str(tmp_path / "no" / "folder"))
