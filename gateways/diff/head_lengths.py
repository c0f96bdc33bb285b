"""Recognise the Content-Length of a response to HEAD as noise. Pure.

This length is the length of the body in the response to GET (RFC 9110, 9.3.2). If that body varies, for example in the
digits of a time, the length varies too. A few responses to HEAD may still have the same length by chance, so only the
responses to GET can show that the body varies. A length of another magnitude, such as 0, is a difference.
"""

from collections.abc import Iterable, Sequence

from gateways.diff import shape
from gateways.diff.answer import Answer
from gateways.diff.judge import ABSENT, Judged
from gateways.requests.request import Request


def varying_targets(pairs: Iterable[tuple[Request, Sequence[Answer]]]) -> set[str]:
    """Return the targets of GET requests whose responses from the old stack have different bodies.

    pairs: each request, with the old stack's responses.
    """
    return {
        request.target
        for request, olds in pairs
        if request.method == "GET" and len({each.body.digest for each in olds if each.status is not None}) > 1
    }


def without_lengths(judged: Sequence[Judged], request: Request, targets: set[str]) -> list[Judged]:
    """Remove differences between similar lengths if the body varies. A missing or new header remains a difference."""
    if request.method != "HEAD" or request.target not in targets:
        return list(judged)
    return [each for each in judged if not _is_similar_length(each)]


def _is_similar_length(judged: Judged) -> bool:
    old, new = judged.found.old, judged.found.new
    is_length = judged.found.facet == "header:content-length" and ABSENT not in (old, new)
    return is_length and not shape.is_another_length((old,), new)
