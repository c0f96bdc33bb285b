"""The timeouts of a program, with the test's own clock; and the slots."""

import pytest

from gateways.adapters.run_cgi.limits import LINGER, NEVER, UNHEARD, Patience, Slots, Timeouts


def test_before_the_head_its_limit_holds_and_after_it_that_of_silence() -> None:
    patience = Patience(Timeouts(head=10, idle=3, total=None), 100.0)
    assert patience.due() == 110
    patience.head_seen = True
    assert patience.due() == 103
    patience.moved = 105.0
    assert patience.due() == 108


def test_the_total_counts_from_the_start_however_much_moves() -> None:
    patience = Patience(Timeouts(head=10, idle=3, total=12), 100.0)
    patience.moved = 111.0
    assert patience.due() == 112
    assert patience.verdict() == "not done after 12 seconds"


def test_children_of_a_program_that_ended_have_little_time() -> None:
    patience = Patience(Timeouts(), 100.0)
    patience.lingering = True
    assert patience.due() == 100 + LINGER


def test_a_head_that_is_all_that_is_wanted_leaves_little_time() -> None:
    patience = Patience(Timeouts(total=None), 100.0)
    assert patience.left(500.0) == NEVER
    patience.hurry(100.0)
    assert patience.left(101.0) == UNHEARD - 1


def test_without_limits_time_is_never_up() -> None:
    assert Patience(Timeouts(None, None, None, None), 0.0).due() == NEVER


@pytest.mark.parametrize(
    ("head_seen", "verdict"), [(False, "without response headers for 2 seconds"), (True, "silent for 3 seconds")]
)
def test_the_verdict_says_what_was_missing(head_seen: bool, verdict: str) -> None:
    patience = Patience(Timeouts(head=2, idle=3), 0.0)
    patience.head_seen = head_seen
    assert patience.verdict() == verdict


def nothing() -> None:
    """Wake nothing."""


def test_slots_are_given_in_the_order_of_the_line() -> None:
    slots, woken = Slots(1), list[str]()
    assert slots.take(lambda: woken.append("never"))
    first, second = (lambda: woken.append("first")), (lambda: woken.append("second"))
    assert not slots.take(first)
    assert not slots.take(second)
    slots.release()
    slots.release()
    assert woken == ["first", "second"]


def test_one_that_leaves_the_line_gets_no_slot_and_one_that_had_it_gives_it_back() -> None:
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


def test_a_slot_is_not_lost_to_one_that_cannot_be_woken() -> None:
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


def test_a_line_that_is_full_takes_no_more() -> None:
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
def test_numbers_that_make_no_sense_are_errors(limit: int, queue: int | None) -> None:
    with pytest.raises(ValueError, match=r"e\.g\."):
        Slots(limit, queue)
