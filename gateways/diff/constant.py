"""Find values that the old stack generates for each response, but that are constant in the new stack, e.g. one token
for all clients.

Pure.

At the place of such a value, the old stack's own responses differ. So the comparison treats the place as noise, and
does not notice that all responses of the new stack have the same value there. This module detects such values.
"""

from collections.abc import Sequence
from itertools import islice

from gateways.diff import markup, structure
from gateways.diff.answer import Answer
from gateways.diff.facets import content, facets, media_type, text_of
from gateways.diff.shape import TOKEN

HTML = ("text/html", "application/xhtml+xml")


def repeated(olds: Sequence[Answer], new_answers: Sequence[Answer]) -> list[str]:
    """Return the places of generated values that differ between all old responses, and are the same in all new
    responses.

    The result is empty if a stack has fewer than two responses, or if their statuses differ.
    """
    if min(len(olds), len(new_answers)) < 2 or len({each.status for each in (*olds, *new_answers)}) > 1:
        return []
    befores, after = [facets(each) for each in olds], [facets(each) for each in new_answers]
    digests = {each.body.digest for each in olds}
    if len(digests) == len(olds) and all(each.body.is_kept for each in (*olds, *new_answers)):
        places = [_places(each) for each in (*olds, *new_answers)]
        befores = [table | more for table, more in zip(befores, places, strict=False)]
        after = [table | more for table, more in zip(after, places[len(olds) :], strict=True)]
    return [
        name for name, value in after[0].items()
        if all(name in table for table in befores)
        and {table.get(name) for table in after} == {value}
        and _is_generated([table[name] for table in befores], value)
    ]  # fmt: skip


def _is_generated(befores: Sequence[str], now: str) -> bool:
    """Return True if each old value has a generated word that no other old value has, and the new value has a generated
    word that is not in all old values.
    """
    words = [set(TOKEN.findall(each)) for each in befores]
    own = [each.difference(*words[:at], *words[at + 1 :]) for at, each in enumerate(words)]
    return all(own) and bool(set(TOKEN.findall(now)).difference(set.intersection(*words)))


MAX_PLACES = 20_000
"""Maximum number of places of one body that are compared."""


def _places(answer: Answer) -> dict[str, str]:
    """Return the values of a JSON document or an HTML page by place. Any other text is one value: the whole body.

    A binary or malformed body has no values.
    """
    if "json" in media_type(answer):
        try:
            leaves = structure.leaves(structure.parse(content(answer)))
            return {f"body:{pointer}": value for pointer, value in islice(leaves, MAX_PLACES)}
        except (ValueError, RecursionError):
            return {}
    page = text_of(answer)
    if page is None:
        return {}
    if media_type(answer) not in HTML:
        return {"body": page}
    try:
        return {f"body:{part.place}": part.written for part in markup.parts(page)[:MAX_PLACES]}
    except AssertionError:  # html.parser before Python 3.13.4 raises AssertionError for a malformed declaration
        return {}
