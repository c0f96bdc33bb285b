"""fork(): gunicorn's --preload, uWSGI and mod_wsgi import the app in one process and serve it in others."""

from __future__ import annotations

import pytest

from . import subprograms

FACTORIES = ["None", "uvloop.new_event_loop"]
each_loop = pytest.mark.parametrize("factory", FACTORIES, ids=["asyncio", "uvloop"])


@each_loop
def test_an_adapter_created_before_a_fork_serves_in_every_child(factory: str) -> None:
    """Safety: the loop belongs to the process that first uses it: threads do not survive a fork."""
    lines = subprograms.run(f"""
        app = make(http_only(hello), {factory})
        for _ in range(3):
            child(lambda: say(fetch(app).body))
    """)
    assert lines == ["b'hello'"] * 3


@each_loop
def test_an_adapter_used_before_a_fork_serves_in_the_child_and_in_the_parent(factory: str) -> None:
    """Safety: the child cannot use the parent's loop, and must not affect the parent."""
    lines = subprograms.run(f"""
        app = make(http_only(echo), {factory})
        say(fetch(app, environ("POST", body=b"parent")).body)
        child(lambda: say(fetch(app, environ("POST", body=b"child")).body))
        say(fetch(app, environ("POST", body=b"parent again")).body)
    """)
    assert lines == ["b'parent'", "b'child'", "b'parent again'"]


def test_a_grandchild_process_serves() -> None:
    """Safety: daemons fork twice."""
    lines = subprograms.run("""
        app = make(http_only(hello), None)
        fetch(app)

        def middle():
            fetch(app)
            child(lambda: say(fetch(app).body))

        child(middle)
    """)
    assert lines == ["b'hello'"]


def test_a_fork_during_a_stream_does_not_end_the_stream() -> None:
    """Safety: gunicorn replaces a dead worker while others stream."""
    lines = subprograms.run("""
        app = make(http_only(endless), None)
        with Exchange(app) as exchange:
            exchange.call()
            before = exchange.block()

            def serve():
                with Exchange(app) as other:
                    other.call()
                    say("child", other.block()[:2])

            child(serve)
            say("parent", exchange.block()[:2])
    """)
    assert lines == ["child b'xx'", "parent b'xx'"]


def test_a_fork_while_another_thread_starts_the_app_does_not_block_the_child() -> None:
    """Safety: a lock that is held during the fork stays locked in the child."""
    lines = subprograms.run("""
        parent, gate, journal = os.getpid(), Gate(), Journal()

        async def starts_slowly(scope, receive, send):
            if scope["type"] == "lifespan":
                await receive()
                journal.note("starting")
                if os.getpid() == parent:
                    await gate.wait()
                await send({"type": "lifespan.startup.complete"})
                await receive()
            else:
                await respond(send)

        app = make(starts_slowly, None)
        with Exchange(app) as first:
            first.begin_run()
            journal.expect("starting")
            child(lambda: say("child", fetch(app).body))
            gate.open()
            say("parent", first.finish())
    """)
    assert lines == ["child b'ok'", "parent b'ok'"]


def test_every_process_that_serves_has_its_own_lifespan() -> None:
    """ASGI Lifespan: in a multi-process environment there are lifespan events in each process; and state for each."""
    lines = subprograms.run("""
        app = make(Told(), None)

        def serve():
            assert fetch(app).body == fetch(app).body == b"%d" % os.getpid()

        serve()
        child(serve)
        child(serve)
        serve()
    """)
    parent, one, two = (line.split()[1] for line in lines if line.startswith("startup"))
    assert len({parent, one, two}) == 3
    assert lines == [
        f"startup {parent}",
        *(f"{event} {child}" for child in (one, two) for event in ("startup", "shutdown")),
        f"shutdown {parent}",
    ]


def test_a_child_without_requests_runs_no_shutdown() -> None:
    """Safety: the child must not shut down the parent's lifespan, neither at exit nor by close()."""
    lines = subprograms.run("""
        app = make(Told(), None)
        fetch(app)
        child(lambda: None)
        child(app.close)
        say("served", fetch(app).body.decode())
    """)
    pid = lines[0].split()[1]
    assert lines == [f"startup {pid}", f"served {pid}", f"shutdown {pid}"]


def test_a_child_forked_after_close_starts_the_adapter_again_or_raises() -> None:
    """Safety: close() in the parent before the fork must not leave the child hanging."""
    lines = subprograms.run("""
        app = make(Told(), None)
        fetch(app)
        app.close()

        def serve():
            try:
                fetch(app)
            except RuntimeError:
                say("refused")

        child(serve)
    """)
    assert lines[-1].startswith(("shutdown", "refused"))


def test_an_adapter_works_after_a_fork_by_c_code() -> None:
    """Safety: uWSGI forks in C, and runs Python's own fork hooks only when told to (--py-call-uwsgi-fork-hooks)."""
    lines = subprograms.run("""
        import ctypes
        app = make(http_only(hello), None)
        fetch(app)
        time.sleep(0.5)  # until the loop's thread rests: a fork must not catch it where it wants the interpreter's lock
        pid = ctypes.PyDLL(None).fork()
        if not pid:
            signal.alarm(10)  # a hang must end
            say("child", b"".join(app(environ(), lambda *_: None)))
            os._exit(0)
        say("ended", os.waitpid(pid, 0)[1])
    """)
    assert lines == ["child b'hello'", "ended 0"]
