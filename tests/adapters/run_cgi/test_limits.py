"""The timeouts of a program, with a clock that the test sets; and the slots."""

import pytest

from gateways.adapters.run_cgi.limits import BODILESS_SECONDS, LINGER, NEVER, Deadline, Slots, Timeouts


def test_the_head_timeout_applies_before_the_response_headers_and_the_idle_timeout_after_them() -> None:
    deadline = Deadline(Timeouts(head=10, idle=3, total=None), 100.0)
    assert deadline.due() == 110
    deadline.head_seen = True
    assert deadline.due() == 103
    deadline.moved = 105.0
    assert deadline.due() == 108


def test_the_total_timeout_counts_from_the_start_despite_activity() -> None:
    deadline = Deadline(Timeouts(head=10, idle=3, total=12), 100.0)
    deadline.moved = 111.0
    assert deadline.due() == 112
    assert deadline.description() == "still running after 12 seconds"


def test_children_of_an_ended_program_have_little_time() -> None:
    deadline = Deadline(Timeouts(), 100.0)
    deadline.lingering = True
    assert deadline.due() == 100 + LINGER


def test_a_response_without_a_body_leaves_the_program_little_time() -> None:
    deadline = Deadline(Timeouts(total=None), 100.0)
    assert deadline.left(500.0) == NEVER
    deadline.shorten(100.0)
    assert deadline.left(101.0) == BODILESS_SECONDS - 1
    deadline.head_seen = True
    text = f"still running {BODILESS_SECONDS} seconds after the headers of a response without a body"
    assert deadline.description() == text


def test_without_timeouts_there_is_no_deadline() -> None:
    assert Deadline(Timeouts(None, None, None, None), 0.0).due() == NEVER


@pytest.mark.parametrize(
    ("head_seen", "text"), [(False, "no response headers for 2 seconds"), (True, "no data for 3 seconds")]
)
def test_the_text_names_the_timeout_that_passed(head_seen: bool, text: str) -> None:
    deadline = Deadline(Timeouts(head=2, idle=3), 0.0)
    deadline.head_seen = head_seen
    assert deadline.description() == text


def nothing() -> None:
    """Wake nothing."""


def test_slots_are_given_in_the_order_of_the_queue() -> None:
    slots, woken = Slots(1), list[str]()
    assert slots.take(lambda: woken.append("never"))
    first, second = (lambda: woken.append("first")), (lambda: woken.append("second"))
    assert not slots.take(first)
    assert not slots.take(second)
    slots.release()
    slots.release()
    assert woken == ["first", "second"]


def test_leaving_the_queue_releases_a_slot_that_was_already_given() -> None:
    slots, woken = Slots(1), list[str]()
    assert slots.take(nothing)
    first, second = (lambda: woken.append("first")), (lambda: woken.append("second"))
    slots.take(first)
    slots.take(second)
    slots.leave(first)
    slots.release()
    assert woken == ["second"]
    slots.leave(second)
    assert slots.take(nothing)


def test_a_slot_is_not_lost_to_a_waiter_that_cannot_be_woken() -> None:
    """Raises as if the event loop were closed."""
    slots, woken = Slots(1), list[str]()

    def broken() -> None:
        raise RuntimeError("Event loop is closed")

    assert slots.take(nothing)
    slots.take(broken)
    slots.take(lambda: woken.append("second"))
    slots.release()
    assert woken == ["second"]
    slots.release()
    assert slots.take(nothing)
    slots.take(broken)
    slots.release()
    assert slots.take(nothing)


def test_a_full_queue_accepts_no_more_requests() -> None:
    slots = Slots(1, queue=1)
    assert not slots.is_full
    assert slots.take(nothing)
    assert not slots.is_full
    assert slots.take(nothing) is False
    assert (slots.is_full, slots.waiting) == (True, 1)
    assert slots.take(nothing) is None
    slots.release()
    assert (slots.is_full, slots.waiting) == (False, 0)


@pytest.mark.parametrize(("limit", "queue"), [(0, None), (1, -1)])
def test_invalid_numbers_are_errors(limit: int, queue: int | None) -> None:
    with pytest.raises(ValueError, match=r"e\.g\."):
        Slots(limit, queue)
