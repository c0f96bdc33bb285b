"""Processes that fork and exit, with requests that run, hang or have ended."""

from __future__ import annotations

import pytest

from tests.adapters.wsgi_to_asgi.scripts import run_script


def test_a_loop_closed_during_a_request_leaves_no_thread_waiting() -> None:
    """Safety: even a loop that is closed without cancelling its tasks leaves no worker waiting for it."""
    result = run_script("""
stuck, go = threading.Event(), threading.Event()

def app(environ, start_response):
    if environ["PATH_INFO"] == "/stuck":
        stuck.set()
        go.wait()
    start_response("200 OK", [])
    return iter([b"x" * 300_000] * 10)

adapter = adapt(app, 1)
for _ in range(3):
    stuck.clear(), go.clear()
    loop = asyncio.new_event_loop()
    loop.set_exception_handler(lambda *_: None)
    task = loop.create_task(call(adapter, "/stuck"))
    task._log_destroy_pending = False
    loop.run_until_complete(asyncio.wait([task], timeout=0.05))
    assert stuck.wait(5)
    loop.close()
    go.set()
print(len(get(adapter)))
os._exit(0)
""")
    assert (result.stdout, result.returncode) == ("3000000\n", 0), result.stderr


@pytest.mark.parametrize("used", [False, True])
def test_an_adapter_survives_a_fork(used: bool) -> None:
    """Safety: servers that preload create the app once and fork their workers; threads do not survive a fork."""
    result = run_script(
        """
adapter = adapt(hello)
if sys.argv[1] == "True":
    assert get(adapter) == b"hello"
children = []
for _ in range(2):
    child = os.fork()
    if not child:
        ok = all(get(adapter) == b"hello" for _ in range(3))
        os._exit(0 if ok else 1)
    children.append(child)
assert get(adapter) == b"hello"
for child in children:
    assert os.waitpid(child, 0)[1] == 0
print("served")
""",
        str(used),
    )
    assert (result.stdout, result.returncode) == ("served\n", 0), result.stderr


def test_a_fork_during_a_request_does_not_block_the_child() -> None:
    """Safety: running requests of the parent hold no thread and no lock in the child."""
    result = run_script("""
called, go = threading.Event(), threading.Event()

def app(environ, start_response):
    if environ["PATH_INFO"] == "/block":
        called.set()
        go.wait()
    return hello(environ, start_response)

adapter = adapt(app, 1)

async def main():
    blocked = asyncio.create_task(call(adapter, "/block"))
    await asyncio.to_thread(called.wait)
    child = os.fork()
    if not child:
        fresh = threading.Thread(target=lambda: os._exit(0 if get(adapter) == b"hello" else 1))
        fresh.start()
        fresh.join()
    assert (await asyncio.to_thread(os.waitpid, child, 0))[1] == 0
    go.set()
    assert await blocked == b"hello"
    print("served")

asyncio.run(main())
""")
    assert (result.stdout, result.returncode) == ("served\n", 0), result.stderr


@pytest.mark.parametrize("place", ["call", "block", "read"])
def test_the_process_exits_promptly_while_a_request_hangs(place: str) -> None:
    """Safety: an app that never returns does not prevent the exit of the process."""
    result = run_script(
        """
stuck = threading.Event()

def app(environ, start_response):
    start_response("200 OK", [])
    if sys.argv[1] == "call":
        stuck.set()
        threading.Event().wait()
    if sys.argv[1] == "read":
        stuck.set()
        environ["wsgi.input"].read()
    def blocks():
        yield b"begun"
        stuck.set()
        threading.Event().wait()
    return blocks()

async def main():
    headers = [(b"content-length", b"%d" % 2**23), (b"expect", b"100-continue")] if sys.argv[1] == "read" else []
    task = asyncio.create_task(call(adapt(app), body=b"x" if headers else b"", headers=headers))
    while not stuck.is_set():
        await asyncio.sleep(0.01)
    print("stuck", flush=True)

asyncio.run(main())
print("over", flush=True)
""",
        place,
    )
    assert (result.stdout, result.returncode) == ("stuck\nover\n", 0), result.stderr


def test_the_process_exits_without_messages() -> None:
    """Safety: idle threads cause neither a wait nor a message at the exit of the process."""
    result = run_script("""
adapter = adapt(hello)
uploads = adapt(echo)
for _ in range(3):
    assert get(adapter) == b"hello"
    for headers in None, [(b"transfer-encoding", b"chunked")]:
        assert len(asyncio.run(call(uploads, body=b"x" * 3_000_000, headers=headers))) == 3_000_000
print("over")
""")
    assert (result.stdout, result.returncode) == ("over\n", 0), result.stderr
    assert not any(word in result.stderr for word in ("Traceback", "ResourceWarning", "ignored", "never"))
