"""RFC 6455 frames: written by hand and cut at every byte; and generated, and compared with wsproto."""

from __future__ import annotations

from typing import NamedTuple, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wsproto import ConnectionType
from wsproto.connection import Connection
from wsproto.events import BytesMessage, CloseConnection, Ping, Pong, TextMessage
from wsproto.utilities import RemoteProtocolError

from gateways.adapters.websocket.frames import (
    BINARY,
    CLOSE,
    CONTINUATION,
    NO_MASK,
    PING,
    PONG,
    TEXT,
    Event,
    MessageReader,
    encode,
    encode_close,
    encode_message,
    masked,
    may_close_with,
)

MAX = 2000
KEY = b"\x37\xfa\x21\x3d"


def read(data: bytes, *, from_client: bool = True, step: int = 0) -> tuple[list[Event], int]:
    """The events of these bytes, fed in pieces of `step`, and the code of the failure (0 for none)."""
    reader = MessageReader(from_client=from_client, max_message=MAX)
    events: list[Event] = []
    for at in range(0, len(data), step or len(data) or 1):
        events += reader.feed(data[at : at + (step or len(data))])
    return events, reader.failure.code if reader.failure else 0


class Case(NamedTuple):
    """The examples of RFC 6455, section 5.7, and their events."""

    data: bytes
    from_client: bool
    events: list[Event]


EXAMPLES = {
    "a single-frame unmasked text": Case(b"\x81\x05Hello", False, [Event(TEXT, "Hello")]),
    "a single-frame masked text": Case(b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58", True, [Event(TEXT, "Hello")]),
    "a fragmented unmasked text": Case(b"\x01\x03Hel\x80\x02lo", False, [Event(TEXT, "Hello")]),
    "an unmasked ping": Case(b"\x89\x05Hello", False, [Event(PING, b"Hello")]),
    "a masked pong": Case(b"\x8a\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58", True, [Event(PONG, b"Hello")]),
    "256 bytes": Case(b"\x82\x7e\x01\x00" + bytes(256), False, [Event(BINARY, bytes(256))]),
    "a ping between two fragments": Case(
        b"\x01\x03Hel\x89\x00\x80\x02lo", False, [Event(PING, b""), Event(TEXT, "Hello")]
    ),
    "a close with a reason": Case(b"\x88\x05\x03\xe8bye", False, [Event(CLOSE, "bye", 1000)]),
    "a close without a code": Case(b"\x88\x00", False, [Event(CLOSE, "", 1005)]),
    "a character cut by fragments": Case(b"\x01\x01\xc3\x80\x01\xa9", False, [Event(TEXT, "é")]),
    "empty fragments": Case(b"\x02\x00\x00\x00\x80\x00", False, [Event(BINARY, b"")]),
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_examples_of_section_5_7_are_parsed_however_they_are_split(name: str) -> None:
    data, from_client, events = EXAMPLES[name]
    for step in range(len(data) + 1):
        assert read(data, from_client=from_client, step=step) == (events, 0), step


def client(kind: int, data: bytes, first: int = 0x80) -> bytes:
    """Return a client's frame, with further bits in its first byte."""
    frame = encode(kind, data, KEY)
    return bytes((first | kind,)) + frame[1:]


# The sections of the Autobahn test suite that a server without extensions can fail, as frames of a client.
BROKEN = {
    "3 reserved bits": (client(TEXT, b"", 0xC0), 1002),
    "4.1 reserved opcode 3": (client(3, b""), 1002),
    "4.2 reserved control opcode 11": (client(11, b""), 1002),
    "2.5 a ping of 126 bytes": (client(PING, bytes(126)), 1002),
    "5.1 a fragmented ping": (client(PING, b"", 0), 1002),
    "5.2 a fragmented pong": (client(PONG, b"", 0), 1002),
    "5.9 a continuation frame without a started message": (client(CONTINUATION, b"x"), 1002),
    "5.18 a text within a text": (client(TEXT, b"a", 0) + client(TEXT, b"b"), 1002),
    "6.3 text that is not UTF-8": (client(TEXT, b"\xce\xba\xed\xa0\x80"), 1007),
    "6.4 text that is not UTF-8 in a later fragment": (
        client(TEXT, b"\xce", 0) + client(CONTINUATION, b"\xff", 0),
        1007,
    ),
    "6.6 text that ends within a character": (client(TEXT, b"\xce"), 1007),
    "6.6 fragments that end within a character": (client(TEXT, b"a", 0) + client(CONTINUATION, b"\xce"), 1007),
    "7.3.2 a close of one byte": (client(CLOSE, b"\x03"), 1002),
    "7.3.6 a close with a reason of 124 bytes": (client(CLOSE, b"\x03\xe8" + b"*" * 124), 1002),
    "7.5.1 a reason that is not UTF-8": (client(CLOSE, b"\x03\xe8\xce\xba\xed\xa0\x80"), 1007),
    **{
        f"7.9 a close with {code}": (client(CLOSE, code.to_bytes(2, "big")), 1002)
        for code in (0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535)
    },
    "9 a message over the limit": (client(BINARY, bytes(MAX + 1)), 1009),
    "9 fragments over the limit": (client(BINARY, bytes(MAX), 0) + client(CONTINUATION, b"x"), 1009),
    "a frame that is not masked": (b"\x81\x01x", 1002),
    "a length of 126 that fits 7 bits": (b"\x82\xfe\x00\x05" + NO_MASK + b"12345", 1002),
    "a length of 127 that fits 16 bits": (b"\x82\xff" + (5).to_bytes(8, "big") + NO_MASK + b"12345", 1002),
    "a length of 2**63": (b"\x82\xff" + (1 << 63).to_bytes(8, "big") + NO_MASK, 1002),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_protocol_error_has_its_code_and_earlier_messages_are_kept(name: str) -> None:
    data, code = BROKEN[name]
    before = client(TEXT, b"before")
    for step in (0, 1, 7):
        events, failure = read(before + data, step=step)
        assert (failure, events[0]) == (code, Event(TEXT, "before"))


def test_a_message_that_announces_too_many_bytes_is_refused_before_it_arrives() -> None:
    reader = MessageReader(from_client=True, max_message=MAX)
    reader.feed(b"\x82\xff" + (1 << 40).to_bytes(8, "big"))
    assert reader.failure is not None
    assert reader.failure.code == 1009


@pytest.mark.parametrize("code", [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 3000, 3999, 4000, 4999])
def test_the_codes_of_section_7_4_are_valid_in_a_close(code: int) -> None:
    assert read(client(CLOSE, code.to_bytes(2, "big"))) == ([Event(CLOSE, "", code)], 0)
    assert may_close_with(code)


def test_data_after_a_close_is_ignored() -> None:
    """RFC 6455, 5.5.1."""
    assert read(encode_close(1000, "", KEY) + client(TEXT, b"late") + b"\xff\xff") == ([Event(CLOSE, "", 1000)], 0)


@pytest.mark.parametrize("code", [None, 1005, 1006, 1015, 99])
def test_a_code_that_may_not_be_sent_makes_an_empty_close(code: int | None) -> None:
    assert encode_close(code, "a reason") == b"\x88\x00"


def test_a_long_reason_is_cut_at_a_character_boundary() -> None:
    events, failure = read(encode_close(1000, "é" * 100), from_client=False)
    assert (failure, events) == (0, [Event(CLOSE, "é" * 61, 1000)])


@given(st.binary(max_size=300), st.binary(min_size=4, max_size=4))
def test_masking_is_the_xor_of_section_5_3_and_its_own_inverse_operation(data: bytes, key: bytes) -> None:
    assert masked(data, key) == bytes(byte ^ key[at % 4] for at, byte in enumerate(data))
    assert masked(masked(data, key), key) == data


@given(st.one_of(st.text(max_size=200), st.binary(max_size=70_000)), st.booleans())
@settings(deadline=None)
def test_encoded_messages_are_decoded_again(message: str | bytes, as_client: bool) -> None:
    reader = MessageReader(from_client=as_client, max_message=100_000)
    (event,) = reader.feed(encode_message(message, KEY if as_client else None))
    assert event.data == message


class Frame(NamedTuple):
    """One frame of a client, valid or not."""

    kind: int
    fin: bool
    reserved: int
    payload: bytes
    masked: bool

    def encoded(self) -> bytes:
        frame = encode(self.kind, self.payload, KEY if self.masked else None)
        return bytes((frame[0] & 0x0F | (0x80 if self.fin else 0) | self.reserved,)) + frame[1:]


def frames() -> st.SearchStrategy[list[bytes]]:
    mostly = st.sampled_from([False] * 30 + [True])
    payload = st.one_of(
        st.binary(max_size=8),
        st.text(max_size=6).map(str.encode),
        st.sampled_from([b"", b"\xc3", b"\xa9", b"\xed\xa0\x80", b"\x03\xe8", b"\x03\xe8ok", b"\x03\xed", bytes(130)]),
    )
    frame = st.builds(
        Frame,
        st.sampled_from([TEXT, BINARY, CONTINUATION, CONTINUATION, PING, PONG, TEXT, BINARY, CLOSE, 3, 11]),
        st.sampled_from([True, True, False]),
        mostly.map(lambda odd: 0x40 if odd else 0),
        payload,
        mostly.map(lambda odd: not odd),
    )
    return st.lists(frame.map(Frame.encoded), max_size=12)


def judged_by_wsproto(data: bytes) -> tuple[list[Event], int]:
    """Return the events that wsproto parses from a client's bytes, with complete messages, and its close code."""
    connection = Connection(ConnectionType.SERVER)
    events: list[Event] = []
    message: list[str | bytes] = []
    try:
        connection.receive_data(data)
        for event in connection.events():
            if isinstance(event, (TextMessage, BytesMessage)):
                message.append(event.data if isinstance(event, TextMessage) else bytes(event.data))
                if event.message_finished:
                    empty: str | bytes = "" if isinstance(event, TextMessage) else b""
                    whole = empty.join(message)  # type: ignore[arg-type]
                    events.append(Event(TEXT if isinstance(event, TextMessage) else BINARY, whole))
                    message = []
            elif isinstance(event, Ping):
                events.append(Event(PING, bytes(event.payload)))
            elif isinstance(event, Pong):
                events.append(Event(PONG, bytes(event.payload)))
            elif isinstance(event, CloseConnection):
                return events, int(event.code)  # also for bytes that break the protocol
    except RemoteProtocolError as error:
        return events, int(cast(CloseConnection, error.event_hint).code)
    return events, 0


@given(frames(), st.integers(0, 9))
@settings(max_examples=1000, deadline=None)
def test_any_frames_are_judged_in_the_same_way_as_by_wsproto(parts: list[bytes], step: int) -> None:
    data = b"".join(parts)
    events, code = read(data, step=step)
    if events and events[-1].kind == CLOSE:
        code = events.pop().code
    assert (events, code) == judged_by_wsproto(data)
