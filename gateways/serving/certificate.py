"""Create a self-signed certificate for this machine, to try HTTPS. Knows cryptography, an optional package."""

import datetime as dt
import ipaddress
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gateways.failure import Failure
from gateways.installing import install_line

DAYS = 30
"""Validity of a certificate, in days."""


@contextmanager
def self_signed(host: str) -> Iterator[tuple[str, str]]:
    """Create a certificate and key for localhost and `host`; yield their paths. They are deleted after the block.

    Only the current user can read the files.

    Raises:
        Failure: cryptography is not installed.
    """
    try:
        from cryptography import x509
        from cryptography.hazmat.primitives import hashes, serialization
        from cryptography.hazmat.primitives.asymmetric import ec
        from cryptography.x509.oid import NameOID
    except ModuleNotFoundError:
        raise Failure(f"--tls needs the package cryptography; install it with: {install_line('tls')}") from None
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "gateways serve, self-signed")])
    names: list[x509.GeneralName] = [x509.DNSName("localhost")]
    for each in dict.fromkeys(("127.0.0.1", "::1", host)):
        try:
            names.append(x509.IPAddress(ipaddress.ip_address(each)))
        except ValueError:
            if each.isascii() and each != "localhost":
                names.append(x509.DNSName(each))
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(minutes=5))
        .not_valid_after(now + dt.timedelta(days=DAYS))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    with tempfile.TemporaryDirectory(prefix="gateways-tls-") as folder:  # creates it with mode 0700
        certfile, keyfile = Path(folder, "certificate.pem"), Path(folder, "key.pem")
        certfile.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        keyfile.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        yield str(certfile), str(keyfile)
