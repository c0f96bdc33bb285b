"""The self-signed certificate of `gateways serve --tls`."""

import ssl
import stat
from pathlib import Path

import pytest
from cryptography import x509

from gateways.serving.certificate import self_signed


@pytest.mark.parametrize(
    ("host", "names"),
    [
        ("127.0.0.1", ["localhost", "127.0.0.1", "::1"]),
        ("shop.test", ["localhost", "127.0.0.1", "::1", "shop.test"]),
        ("192.0.2.7", ["localhost", "127.0.0.1", "::1", "192.0.2.7"]),
    ],
)
def test_the_certificate_is_for_this_machine_and_only_this_user_can_read_the_key(host: str, names: list[str]) -> None:
    with self_signed(host) as (certfile, keyfile):
        certificate = x509.load_pem_x509_certificate(Path(certfile).read_bytes())
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        assert {str(each.value) for each in found} == set(names)
        assert stat.S_IMODE(Path(keyfile).parent.stat().st_mode) == 0o700
        ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(certfile, keyfile)
    assert not Path(certfile).exists()
