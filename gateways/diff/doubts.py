"""Find reasons to doubt a comparison because of its requests. Each reason is one sentence. Pure."""

from collections.abc import Iterator, Sequence

from gateways.diff.answer import Answer
from gateways.requests.request import Request


def doubts(requests: Sequence[Request], olds: Sequence[Answer | None], *, data_stays: bool) -> Iterator[str]:
    """Yield a sentence for each doubt.

    olds: the old stack's first response to each request; None if the request was not sent. data_stays: True if requests
    may change data, and no command resets the data before a round.
    """
    compared = [(request, old) for request, old in zip(requests, olds, strict=True) if old is not None]
    for request, old in compared:
        if request.expect is not None and old.status != request.expect:
            yield f"old: {request.label} has the status {old.status}; expected {request.expect}"
    silent = [request for request, old in compared if old.status is None]
    if silent:
        yield (
            f"old: {len(silent)} of {len(compared)} requests got no response, so they prove nothing about "
            f"the new stack; first {silent[0].label}"
        )
    other = [(request, old) for request, old in compared if request.recorded not in (None, old.status) and old.status]
    if other:
        request, old = other[0]
        yield (
            f"old: {len(other)} of {len(compared)} requests have a status other than the recorded one; "
            f"first {request.label}: {old.status}, recorded {request.recorded}"
        )
    if data_stays:
        yield (
            "Some requests may change data. Data outside the app's process is kept between rounds; "
            "restore it with --reset COMMAND."
        )
