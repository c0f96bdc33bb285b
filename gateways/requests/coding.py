"""Decode content codings of responses (RFC 9110, 8.4.1): gzip, deflate, br and zstd. Pure."""

import sys
import zlib
from collections.abc import Callable


def decoded(octets: bytes, codings: str) -> bytes:
    """Return the content without its codings.

    codings: the value of Content-Encoding, e.g. "gzip", in the order in which they were applied. If a coding is unknown
    or does not match the content, return the octets unchanged.
    """
    content = octets
    for coding in reversed([each.strip().lower() for each in codings.split(",") if each.strip()]):
        undo = _DECODERS.get(coding)
        if undo is None:
            return octets
        try:
            content = undo(content)
        except ValueError:
            return octets
    return content


def _gzip(octets: bytes) -> bytes:
    return _zlib(octets, 31)


def _deflate(octets: bytes) -> bytes:
    return _zlib(octets, zlib.MAX_WBITS)


def _zlib(octets: bytes, bits: int) -> bytes:
    try:
        return zlib.decompress(octets, bits)
    except zlib.error as error:
        raise ValueError(str(error)) from error


def _brotli(octets: bytes) -> bytes:
    import brotli

    try:
        return bytes(brotli.decompress(octets))
    except brotli.error as error:
        raise ValueError(str(error)) from error


def _zstd(octets: bytes) -> bytes:
    if sys.version_info >= (3, 14):
        from compression import zstd
    else:
        from backports import zstd
    try:
        return bytes(zstd.decompress(octets))
    except zstd.ZstdError as error:
        raise ValueError(str(error)) from error


def _same(octets: bytes) -> bytes:
    return octets


_DECODERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": _gzip,
    "x-gzip": _gzip,
    "deflate": _deflate,
    "br": _brotli,
    "zstd": _zstd,
    "identity": _same,
}
