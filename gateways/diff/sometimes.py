"""Recognise headers and cookies that the old stack sends only sometimes. Pure.

For example, an app that renews a session each second may add a cookie to any response. Even many rounds do not show all
requests whose responses may have this cookie. So if only some of the old stack's responses to one request have a header
or cookie, this header or cookie is noise for every request. There is one exception: a difference that all responses of
the new stack to a request show is not noise.
"""

from collections.abc import Iterable, Sequence

from gateways.diff.answer import Answer
from gateways.diff.facets import facets
from gateways.diff.judge import ABSENT, Judged


def irregular(olds: Iterable[Sequence[Answer]]) -> set[str]:
    """Return the headers and cookies that only some of the old stack's responses to the same request have.

    olds: for each request, the old stack's responses.
    """
    found: set[str] = set()
    for answers in olds:
        tables = [set(facets(each)) for each in answers if each.status is not None]
        if tables:
            found.update({name for table in tables for name in table if not all(name in each for each in tables)})
    return {name for name in found if name.startswith(("header:", "cookie:"))}


def without(judged: Sequence[Judged], names: set[str]) -> list[Judged]:
    """Remove the differences in which a named header or cookie is missing or new, unless all responses show them."""
    return [each for each in judged if not (_is_sometimes(each) and each.found.facet in names)]


def _is_sometimes(judged: Judged) -> bool:
    return judged.times < judged.asked and ABSENT in (judged.found.old, judged.found.new)
