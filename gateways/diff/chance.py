"""Decide if a difference in a body, or in the order of words, may be chance. Pure.

There are three reasons for such a difference. First, an app may iterate over a set of classes or objects. The order of
the set depends on memory addresses, so it is constant in one process and differs in the next. By chance, a rare order
may appear only in responses of the new stack. The difference then moves words, or replaces words by the same number of
other words. Second, an app may leave out a part of a page if the machine is busy. Then only some responses of the new
stack differ. Third, a list may have a random number of items, which was the same in all old responses so far.

Let `times` be the number of responses that differ. If both stacks behave in the same way, these responses are equally
likely to be any of the responses of both stacks. So the probability that the new stack sent all of them is
C(new, times) / C(all, times).
"""

from collections import Counter
from collections.abc import Sequence
from math import comb

from gateways.diff.facets import is_of_body
from gateways.diff.judge import ABSENT, SAME, Judged
from gateways.diff.known import explain
from gateways.diff.text import UNIT, WORD

LEVEL = 0.01
"""A difference is reported if its probability of chance is at most this."""


def unsure(judged: Sequence[Judged], olds: int) -> list[Judged]:
    """Return the differences in one request that may be chance. olds: the number of old responses."""
    found = [each for each in judged if _may_be_chance(each) and _probability(each, olds) > LEVEL]
    counts = [each for each in judged if each.found.facet == "body:*"]  # the number of further places that differ
    bodies = [each for each in judged if is_of_body(each.found.facet) and each not in counts]
    return found + [each for each in counts if each not in found and all(one in found for one in bodies)]


def _probability(judged: Judged, olds: int) -> float:
    times = max(judged.times, judged.bodies)
    return comb(judged.asked, times) / comb(judged.asked + olds, times)


def _may_be_chance(judged: Judged) -> bool:
    return judged.is_of_varying or _may_be_order(judged) or 0 < judged.bodies < judged.asked


def _may_be_order(judged: Judged) -> bool:
    """Return True if words are moved, or replaced by the same number of other words."""
    found, known = judged.found, explain(judged.found, judged.status)
    if not found.facet.startswith(("body", "header:")) or (known is not None and not known.is_counted):
        return False
    if ABSENT in (found.old, found.new) or found.new == SAME or judged.status is None:
        return False
    before, now = (WORD.findall(each.strip("'")) for each in (found.old, found.new))
    if before == now:  # the words moved, or the delimiters differ
        return Counter(UNIT.findall(found.old)) == Counter(UNIT.findall(found.new))
    return len(before) == len(now)
