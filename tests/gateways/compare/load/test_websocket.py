"""The examples of RFC 6455, and frames cut at every byte."""

import pytest

from gateways.compare.load.response import BadFraming
from gateways.compare.load.websocket import PING, TEXT, Frames, accept, frame, handshake


def test_the_accept_value_is_that_of_the_example_in_rfc_6455_1_3() -> None:
    key = b"the sample nonce"
    assert b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" in handshake("/ws", "a.test", key)
    assert accept(key) == b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo="


def test_a_frame_is_masked_as_in_rfc_6455_5_7() -> None:
    assert frame(TEXT, b"Hello", bytes.fromhex("37fa213d")).hex() == "818537fa213d7f9f4d5158"
    assert frame(TEXT, b"x" * 256, bytes(4))[:8].hex() == "81fe010000000000"


def test_frames_may_be_split_anywhere() -> None:
    octets = b"\x81\x05Hello" + b"\x89\x00" + b"\x81\x7e\x01\x00" + b"y" * 256 + b"\x82\x7f" + (3).to_bytes(8) + b"abc"
    whole = [(TEXT, b"Hello"), (PING, b""), (TEXT, b"y" * 256), (2, b"abc")]
    assert Frames().feed(octets) == whole
    for cut in range(1, len(octets)):
        frames = Frames()
        assert frames.feed(octets[:cut]) + frames.feed(octets[cut:]) == whole


@pytest.mark.parametrize("octets", [b"\x01\x05Hello", b"\xc1\x05Hello", b"\x81\x85Hello"])
def test_fragments_and_reserved_bits_and_masks_are_bad_framing(octets: bytes) -> None:
    with pytest.raises(BadFraming):
        Frames().feed(octets)
