"""Systems without fork, eventfd or poll(), such as Windows."""

from __future__ import annotations

from . import subprograms


def test_it_works_without_fork_and_poll() -> None:
    """Ours: waitress runs on Windows, so the adapter must too; bodies are then read on a spare thread."""
    lines = subprograms.run("""
        import importlib.util, random, select, socket, tempfile
        for module in ("gateways.adapters.on_wsgi.client", "gateways.adapters.concurrency.forks",
                       "gateways.adapters.concurrency.loop_thread"):
            sys.modules.pop(module, None)
        for name in ("register_at_fork", "eventfd"):
            if hasattr(os, name):
                delattr(os, name)
        for name in ("poll", "epoll", "POLLIN", "POLLERR", "POLLHUP", "POLLRDHUP"):
            if hasattr(select, name):
                delattr(select, name)
        find_spec = importlib.util.find_spec
        importlib.util.find_spec = lambda name, *rest: None if name == "select" else find_spec(name, *rest)
        for module in ("fcntl", "termios", "pwd", "grp", "resource"):
            sys.modules[module] = None

        connection, client = socket.socketpair()
        client.sendall(b"12345")
        given = environ("POST", wsgi_input=connection.makefile("rb"), CONTENT_LENGTH="10")
        given["werkzeug.socket"] = connection
        app = make(http_only(echo), None)
        with connection, client, given["wsgi.input"], Exchange(app, given) as exchange:
            exchange.begin_run()
            time.sleep(0.1)
            client.sendall(b"67890")
            say(exchange.finish().decode())
    """)
    assert lines == ["1234567890"]
