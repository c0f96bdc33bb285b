"""Small servers, each with one correct or faulty behaviour. Each connection has a thread, which ends with the block."""

import contextlib
import socket
import socketserver
import ssl
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator

Behaviour = Callable[[socket.socket, int], bool]
"""Called with a connection on which a request has been read, and the request's number; returns True to keep the
connection."""

BODY = b"Hello, world!\n"


def answer(body: bytes = BODY, status: str = "200 OK", *headers: str) -> bytes:
    lines = (f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", "")
    return "\r\n".join(lines).encode() + body


def behaves(sock: socket.socket, _number: int) -> bool:
    sock.sendall(answer())
    return True


def closes_each(sock: socket.socket, _number: int) -> bool:
    sock.sendall(answer(BODY, "200 OK", "Connection: close"))
    return False


def ends_with_the_connection(sock: socket.socket, _number: int) -> bool:
    sock.sendall(b"HTTP/1.1 200 OK\r\n\r\n" + BODY)
    return False


def every_tenth(misbehaves: Behaviour) -> Behaviour:
    def behaviour(sock: socket.socket, number: int) -> bool:
        return misbehaves(sock, number) if number % 10 == 9 else behaves(sock, number)

    return behaviour


def hangs_up_after(requests: int) -> Behaviour:
    """Each connection responds to that many requests, and is closed when the next request arrives."""
    numbers: Counter[socket.socket] = Counter()

    def behaviour(sock: socket.socket, number: int) -> bool:
        numbers[sock] += 1
        return numbers[sock] <= requests and behaves(sock, number)

    return behaviour


def in_turns(*behaviours: Behaviour) -> Behaviour:
    def behaviour(sock: socket.socket, number: int) -> bool:
        return behaviours[number % len(behaviours)](sock, number)

    return behaviour


def fails(sock: socket.socket, _number: int) -> bool:
    sock.sendall(answer(b"oops", "500 Internal Server Error"))
    return True


def says_something_else(sock: socket.socket, _number: int) -> bool:
    sock.sendall(answer(BODY.swapcase()))
    return True


def says_less(sock: socket.socket, _number: int) -> bool:
    sock.sendall(answer(BODY[:-1]))
    return True


def says_more_than_it_promised(sock: socket.socket, _number: int) -> bool:
    sock.sendall(answer() + b"more")
    return True


def hangs_up(_sock: socket.socket, _number: int) -> bool:
    return False


def hangs_up_in_the_middle(sock: socket.socket, _number: int) -> bool:
    sock.sendall(answer()[:-3])
    return False


def never_answers(_sock: socket.socket, _number: int) -> bool:
    return True


def freezes_once(seconds: float, at: int) -> Behaviour:
    """Make all connections wait for `seconds` once, at request number `at`."""
    lock = threading.Lock()

    def behaviour(sock: socket.socket, number: int) -> bool:
        with lock:
            if number == at:
                time.sleep(seconds)
        return behaves(sock, number)

    return behaviour


def streams(blocks: int, pause: float) -> Behaviour:
    def behaviour(sock: socket.socket, _number: int) -> bool:
        sock.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in range(blocks):
            time.sleep(pause)
            sock.sendall(b"4\r\ntick\r\n")
        sock.sendall(b"0\r\n\r\n")
        return True

    return behaviour


@contextlib.contextmanager
def serving(behaviour: Behaviour, tls: ssl.SSLContext | None = None) -> Iterator[int]:
    """Serve during the block; yield the port."""
    open_sockets: list[socket.socket] = []
    numbers, lock = iter(range(10**9)), threading.Lock()

    def connection(sock: socket.socket) -> None:
        with contextlib.suppress(OSError), encrypted(sock) as stream, stream.makefile("rb") as file:
            while line := file.readline():
                length = 0
                while line not in {b"\r\n", b""}:
                    if line.lower().startswith(b"content-length:"):
                        length = int(line.partition(b":")[2])
                    line = file.readline()
                file.read(length)
                with lock:
                    number = next(numbers)
                if not behaviour(stream, number):
                    return

    def encrypted(sock: socket.socket) -> socket.socket:
        return tls.wrap_socket(sock, server_side=True) if tls is not None else sock

    def accept(listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                sock, _ = listener.accept()
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                open_sockets.append(sock)
                thread = threading.Thread(target=connection, args=(sock,), daemon=True)
                threads.append(thread)
                thread.start()

    with socket.create_server(("127.0.0.1", 0), backlog=100) as listener:
        threads = [threading.Thread(target=accept, args=(listener,), daemon=True)]
        threads[0].start()
        try:
            yield listener.getsockname()[1]
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            for sock in open_sockets:
                with contextlib.suppress(OSError):
                    sock.shutdown(socket.SHUT_RDWR)
            for thread in threads:
                thread.join(5)


@contextlib.contextmanager
def serving_by_path(answers: dict[bytes, bytes]) -> Iterator[int]:
    """Yield the port of a server that sends these octets for each path. For HEAD, it sends only the headers."""

    class Connection(socketserver.StreamRequestHandler):
        disable_nagle_algorithm = True

        def handle(self) -> None:
            with contextlib.suppress(OSError):
                while line := self.rfile.readline():
                    method, path, _ = line.split(b" ")
                    while self.rfile.readline() not in {b"\r\n", b""}:
                        pass
                    octets = answers[path]
                    self.wfile.write(octets[: octets.index(b"\r\n\r\n") + 4] if method == b"HEAD" else octets)

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        block_on_close = False

    with Server(("127.0.0.1", 0), Connection) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join(5)
