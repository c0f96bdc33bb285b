"""Turns, warm-up, and the common rates."""

from gateways.compare.plan.effort import EFFORTS, common_rates, steady, turns


def test_the_order_of_turns_is_random_and_reproducible() -> None:
    rounds = [turns("abcdef", f"7/{number}") for number in range(200)]
    assert rounds == [turns("abcdef", f"7/{number}") for number in range(200)]
    assert all(sorted(each) == list("abcdef") for each in rounds)
    firsts = [each[0] for each in rounds]
    assert all(15 < firsts.count(name) < 55 for name in "abcdef")  # 33 is the share of each


def test_a_warm_up_is_complete_when_three_slices_are_alike() -> None:
    assert not steady([100, 101])
    assert not steady([100, 110, 111])
    assert steady([50, 100, 101, 104])
    assert not steady([0, 0, 0])


def test_latency_is_measured_at_shares_of_the_slowest_capacity() -> None:
    assert common_rates([12345, 4321, 90000], (0.25, 0.5)) == [1100, 2200]
    assert common_rates([], (0.5,)) == []


def test_a_higher_effort_has_more_rounds_clients_and_rates() -> None:
    quick, usual, thorough = (EFFORTS[name] for name in ("quick", "usual", "thorough"))
    assert quick.starts * quick.rounds < usual.starts * usual.rounds < thorough.starts * thorough.rounds == 40
    assert thorough.starts >= 5
