"""The client over TLS, with trusted and untrusted certificates."""

import datetime as dt
import ipaddress
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from gateways.compare.load.order import Answer, Order, Request, Seen, Trust
from gateways.compare.load.secure import context
from gateways.compare.load.work import Probe, Work
from tests.gateways.compare.load import behaving
from tests.gateways.compare.load.behaving import serving
from tests.gateways.compare.load.measuring import first_that

UPLOAD = Request("/upload", "POST", 1_000_000)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Create a self-signed certificate for 127.0.0.1, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "a test")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path_factory.mktemp("tls") / "both.pem"
    form = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    file.write_bytes(
        made.public_bytes(serialization.Encoding.PEM) + key.private_bytes(serialization.Encoding.PEM, *form)
    )
    return file


@pytest.fixture
def tls(certificate: Path) -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(certificate)
    return made


@pytest.fixture
def trusted(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    context.cache_clear()
    yield
    context.cache_clear()


def probe(port: int, request: Request) -> Seen:
    return Probe(Order("probe", "127.0.0.1", port, request, tls=True)).run()


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize("request_", [Request("/hello"), UPLOAD], ids=["small", "large body"])
def test_responses_over_tls_are_verified_and_counted(tls: ssl.SSLContext, request_: Request) -> None:
    with serving(behaving.behaves, tls) as port:
        seen = probe(port, request_)
        assert (seen.error, seen.start) == ("", "Hello, world!\n")
        answer = Answer(seen.status, seen.length, seen.sha256)
        measured = first_that(
            lambda found: found.answered,
            lambda seconds: Work(
                Order("closed", "127.0.0.1", port, request_, answer, 4, seconds, 0.05, tls=True)
            ).run(),
        )
    assert measured.answered > 0
    assert (measured.failed, measured.reconnects) == ({}, 0)


@pytest.mark.usefixtures("trusted")
def test_pieces_of_a_stream_over_tls_are_timed_one_by_one(tls: ssl.SSLContext) -> None:
    with serving(behaving.streams(5, 0.02), tls) as port:
        seen = probe(port, Request("/"))
        answer = Answer(200, 20, seen.sha256)
        measured = first_that(
            lambda found: (found.gap.percentile(0.5) or 0) > 15e6,
            lambda seconds: Work(
                Order("closed", "127.0.0.1", port, Request("/"), answer, 2, seconds, 0.0, tls=True)
            ).run(),
        )
    assert measured.failed == {}
    assert (measured.gap.percentile(0.5) or 0) > 15e6


@pytest.mark.usefixtures("trusted")
def test_a_closed_connection_is_reported_differently_from_an_untrusted_certificate(
    tls: ssl.SSLContext,
) -> None:
    with serving(behaving.hangs_up, tls) as port:
        assert probe(port, Request("/")).error == "the connection was closed before the end of the response"


def test_an_untrusted_certificate_is_refused(tls: ssl.SSLContext) -> None:
    with serving(behaving.behaves, tls) as port:
        assert probe(port, Request("/")).error == "TLS: self-signed certificate"
        measured = first_that(
            lambda found: found.failed.get("refused"),
            lambda seconds: Work(
                Order("closed", "127.0.0.1", port, Request("/"), None, 1, seconds, tls=True, timeout=1)
            ).run(),
        )
    assert measured.answered == 0
    assert measured.failed["refused"] > 0
    assert measured.examples[0] == "the server did not accept the connection: TLS: self-signed certificate"


def test_a_server_without_tls_is_reported() -> None:
    def refuse(listener: socket.socket) -> None:
        sock, _ = listener.accept()
        with sock:
            sock.recv(4096)
            sock.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=refuse, args=(listener,))
        thread.start()
        assert probe(listener.getsockname()[1], Request("/")).error == "TLS: WRONG_VERSION_NUMBER"
        thread.join()


@pytest.mark.parametrize("ca", [True, False], ids=["its authority is named", "any is accepted"])
def test_the_order_decides_which_certificates_are_accepted(ca: bool, tls: ssl.SSLContext, certificate: Path) -> None:
    trust = Trust(str(certificate)) if ca else Trust(insecure=True)
    with serving(behaving.behaves, tls) as port:
        order = Order("probe", "127.0.0.1", port, Request("/hello"), tls=True, trust=trust)
        seen = Probe(Order.from_json(order.to_json())).run()
    assert (seen.error, seen.start) == ("", "Hello, world!\n")
