"""Content codings are decoded; content without a coding is unchanged."""

import gzip
import sys
import zlib

import brotli
import pytest

from gateways.requests.coding import decoded

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

PAGE = b"<p>hello</p>" * 20


@pytest.mark.parametrize(
    ("octets", "codings"),
    [
        (PAGE, ""),
        (PAGE, "identity"),
        (gzip.compress(PAGE, mtime=0), "gzip"),
        (gzip.compress(PAGE, mtime=0), "X-GZIP"),
        (zlib.compress(PAGE), "deflate"),
        (brotli.compress(PAGE), "br"),
        (zstd.compress(PAGE), "zstd"),
        (zstd.compress(gzip.compress(PAGE, mtime=0)), "gzip, zstd"),
    ],
)
def test_a_content_coding_is_decoded(octets: bytes, codings: str) -> None:
    assert decoded(octets, codings) == PAGE


@pytest.mark.parametrize("codings", ["gzip", "deflate", "br", "zstd", "compress", "gzip, unknown"])
def test_content_that_does_not_match_its_coding_is_unchanged(codings: str) -> None:
    assert decoded(PAGE, codings) == PAGE
