"""A response that `gateways check` reads: when it counts as a stream, and how much of its body is stored."""

import pytest

from gateways.check.send.answer import KEPT, STREAM, Answer


def answered(*times: float, whole: bool = True, media_type: str = "text/html") -> Answer:
    """Return a response with a block at each of the times."""
    answer = Answer(200, [("Content-Type", media_type)], whole=whole)
    for time in times:
        answer.block(b"block", time)
    return answer


@pytest.mark.parametrize(
    ("answer", "is_stream"),
    [
        (answered(0.0), False),
        (answered(0.0, STREAM / 2), False),
        (answered(0.0, STREAM), True),
        (answered(0.0, STREAM / 2, whole=False), True),
        (answered(0.0, whole=False), False),
        (answered(0.0, media_type="text/event-stream; charset=utf-8"), True),
        (Answer(0, [("content-type", "text/event-stream")]), False),
    ],
)
def test_a_stream_takes_time_or_does_not_end_or_has_the_media_type_of_one(answer: Answer, is_stream: bool) -> None:
    assert answer.is_stream is is_stream


def test_an_empty_block_is_not_counted() -> None:
    answer = Answer(200)
    answer.block(b"", 1.0)
    assert (answer.times, answer.took) == ([], 0.0)
    answer.block(b"abc", 2.0)
    answer.block(b"", 9.0)
    answer.block(b"de", 2.5)
    assert (answer.times, answer.took, answer.length, answer.body) == ([2.0, 2.5], 0.5, 5, b"abcde")


def test_a_long_body_is_counted_in_full_and_stored_in_part() -> None:
    answer = Answer(200)
    answer.block(b"a" * (KEPT - 1), 0.0)
    answer.block(b"bc", 0.0)
    assert answer.length == KEPT + 1
    assert (len(answer.body), answer.body[-2:]) == (KEPT, b"ab")


def test_a_response_is_named_by_its_status_or_its_error() -> None:
    assert [str(Answer(204)), str(Answer(0, error="timeout"))] == ["204", "no response (timeout)"]
