"""Compare the responses of two stacks to one request. Find the differences that exceed those between the old stack's
own responses. Pure.

The old stack gets the request several times. A place in which its own responses differ is noise, and the new stack's
response may differ there too. The user therefore need not list the values that vary.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from gateways.diff import markup, shape, structure, text
from gateways.diff.answer import Answer
from gateways.diff.constant import repeated
from gateways.diff.facets import (
    content,
    facets,
    format_facets,
    is_damaged,
    is_of_body,
    media_type,
    text_of,
    unnamed_coding,
)
from gateways.diff.timing import slower

ABSENT = structure.ABSENT
MAX_TEXT = 120
"""Maximum length of a changed text that is shown, in characters."""

MAX_PLACES = 8
"""Maximum number of places that are reported for one JSON document or HTML page."""

HTML = ("text/html", "application/xhtml+xml")


@dataclass(frozen=True, slots=True)
class Found:
    """A facet that differs in one response. `old` and `new` are its values as text. `lines` show more context."""

    facet: str
    old: str
    new: str
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Judged:
    """A facet that differs in `times` of the `asked` responses of the new stack to one request. `status`: the status of
    both stacks; None if it is unknown or differs. `bodies`: for a body, the number of responses whose body differs,
    in this place or in another one. `is_of_varying`: True for a body whose old versions differ.
    """

    found: Found
    times: int
    asked: int
    status: int | None = None
    bodies: int = 0
    is_of_varying: bool = False


STILL = ", and the body is still"
"""Text after ABSENT if a response no longer names the content coding, although its body still has the coding."""

EACH, SAME = "a different value in each response", "the same value in all responses"


def judge(
    olds: Sequence[Answer], new_answers: Sequence[Answer], *, is_first: bool = False, is_restarted: bool = False
) -> list[Judged]:
    """Return the differences between the new stack's responses to one request and the old stack's.

    is_first: the first request to a server; its time is ignored, because the server may have loaded the app.
    is_restarted: the new stack was restarted before each response, so a value in all responses does not come from the
    memory of one process.
    """
    found: dict[str, list[Found]] = {}
    bodies = 0
    for new in new_answers:
        differences = list(_compare(olds, new))
        bodies += any(is_of_body(each.facet) for each in differences)
        for each in differences:
            found.setdefault(each.facet, []).append(each)
    if len(found.get("excess", ())) < len(new_answers) and any(each.new == ABSENT for each in found.get("excess", ())):
        del found["excess"]  # a round may miss late bytes, so their absence in some rounds is noise
    outcome_differs = bool(found.keys() & {"problem", "status"})
    status = None if outcome_differs or not new_answers else new_answers[0].status
    varies = len({each.body.digest for each in olds}) > 1
    judged = [
        Judged(_example(each), len(each), len(new_answers), status, bodies if is_of_body(name) else 0,
               is_of_varying=varies and is_of_body(name))
        for name, each in found.items()
    ]  # fmt: skip
    if is_restarted:
        judged += [
            Judged(Found(name, EACH, SAME), len(new_answers), len(new_answers))
            for name in repeated(olds, new_answers) if name not in found
        ]  # fmt: skip
    if not outcome_differs:
        judged += [
            Judged(Found(*each), len(new_answers), len(new_answers))
            for each in slower(olds, new_answers, is_first=is_first)
        ]
    return judged


def _example(found: Sequence[Found]) -> Found:
    """Return the first of the differences in one facet. If a new header has different values, leave out the value."""
    varies = found[0].facet.startswith("header:") and len({each.new for each in found}) > 1
    return replace(found[0], new=EACH) if varies and found[0].old == ABSENT else found[0]


def noise(olds: Sequence[Answer]) -> set[str]:
    """Return the facets in which the old stack's responses to one request differ."""
    tables = [facets(each) for each in olds]
    found = {name for table in tables for name in table if len({one.get(name) for one in tables}) > 1}
    return found | ({"body"} if len({each.body.digest for each in olds}) > 1 else set())


def _compare(olds: Sequence[Answer], new: Answer) -> Iterator[Found]:
    same = [each for each in olds if (each.status, each.failure) == (new.status, new.failure)]
    if not same:
        yield _other_outcome(olds[0], new)
        return
    written_as = new
    if coding := unnamed_coding(same, new):
        yield Found("header:content-encoding", coding, f"{ABSENT}{STILL} {coding}")
        new = replace(new, headers=(*new.headers, ("Content-Encoding", coding)))
    tables, now = [facets(each) for each in same], facets(new)
    for name in sorted({*now, *(each for table in tables for each in table)}):
        cookie, attribute, _ = name.partition(";") if name.startswith("cookie:") else (name, "", "")
        if attribute and (cookie not in now or not any(cookie in table for table in tables)):
            continue  # the whole cookie is missing or new
        if name.startswith("header:") and _is_repeated(name, same, new):
            yield _repeated(name, same, new)
            continue
        yield from _facet(name, [table.get(name) for table in tables], now.get(name))
    formats = format_facets(same[0], written_as)
    own = {name for other in same[1:] for name in format_facets(same[0], other)}
    for name, (old, written) in formats.items():
        if name not in own:
            yield Found(name, old, written)
    yield from _body(same, new)


def _other_outcome(old: Answer, new: Answer) -> Found:
    """Return the difference of two responses with different statuses, or with different problems.

    All other differences follow from this one, so only the first lines of the new body are shown.
    """
    name = "status" if old.status != new.status and new.status is not None and not new.problem else "problem"
    lines = [f"+{text.visible(line)}"[:200] for line in (text_of(new) or "").split("\n") if line.strip()][:6]
    return Found(name, _outcome(old), _outcome(new), tuple(lines))


def _outcome(answer: Answer) -> str:
    status = "no response" if answer.status is None else f"{answer.status} {answer.reason}".strip()
    return f"{status}: {answer.problem}" if answer.problem else status


def _facet(name: str, olds: Sequence[str | None], new: str | None) -> Iterator[Found]:
    if new in olds:
        return
    there = [each for each in olds if each is not None]
    if new is None or not there:
        varies = name.startswith("header:") and len(set(there)) > 1
        yield Found(name, EACH if varies else there[0] if there else ABSENT, ABSENT if new is None else new)
    elif (len(there) > 1 or None not in olds) and _is_beyond_noise(name, there, new):
        yield Found(name, there[0], new)


def _is_beyond_noise(name: str, olds: Sequence[str], new: str) -> bool:
    if name == "header:content-length" and shape.is_another_length(olds, new):  # in a response to HEAD
        return True
    return bool(text.beyond_noise(olds, new))


def _is_repeated(facet: str, olds: Sequence[Answer], new: Answer) -> bool:
    """Return True if the new response repeats the header a number of times that occurs in no old response.

    In each response, all values of the header must be equal.
    """
    name = facet.removeprefix("header:")
    values, befores = new.values(name), [each.values(name) for each in olds]
    if ", ".join(values) in {", ".join(each) for each in befores}:
        return False
    counts = {len(each) for each in befores}
    return all(len(set(each)) == 1 for each in (values, *befores)) and len(values) not in counts


def _repeated(facet: str, olds: Sequence[Answer], new: Answer) -> Found:
    """Return the difference in the number of repetitions of a header. The value is shown if it does not vary."""
    name = facet.removeprefix("header:")
    before, now = olds[0].values(name), new.values(name)
    is_same = {value for each in (*olds, new) for value in each.values(name)} == {now[0]}
    value = f" {now[0]}" if is_same else ""
    return Found(facet, f"{len(before)} ×{value}", f"{len(now)} ×{value}")


def _body(olds: Sequence[Answer], new: Answer) -> Iterator[Found]:
    if any(each.body.digest == new.body.digest for each in olds):
        return
    if new.problem and any(_is_prefix(each, new) for each in olds):
        return
    if not all(each.body.is_kept for each in (*olds, new)):
        yield from _octets(olds, new)
        return
    contents = [content(each) for each in olds]
    if content(new) in contents:
        return
    if all("json" in media_type(each) for each in (*olds, new)):
        try:
            *documents, document = structure.parse_all([*contents, content(new)])
        except (ValueError, RecursionError):
            pass
        else:
            yield from _json(documents, document, olds, new)
            return
    if all(media_type(each) in HTML for each in (*olds, new)):
        yield from _html(olds, new)
        return
    yield from _text(olds, new)


def _is_prefix(old: Answer, new: Answer) -> bool:
    """Return True if one body is the beginning of the other.

    If a stream is endless or cut off, a response contains only the data that arrived before the timeout.
    """
    shorter, longer = sorted((old.body.octets, new.body.octets), key=len)
    return old.body.is_kept and new.body.is_kept and longer.startswith(shorter)


def _json(olds: Sequence[object], document: object, answers: Sequence[Answer], new: Answer) -> Iterator[Found]:
    found = structure.beyond_noise(olds, document)
    yield from _places(Found(f"body:{each.pointer}", each.old, each.new) for each in found)
    if not found:
        layouts = [structure.layout(content(each)) for each in (*answers, new)] if structure.noisy(olds) else []
        written = _written(layouts) if layouts else _text(answers, new)
        for each_text in written:
            yield replace(each_text, lines=("the same JSON, written differently", *each_text.lines))


def _written(layouts: Sequence[str]) -> Iterator[Found]:
    """If all old layouts are equal, yield their difference from the new layout, which is the last in `layouts`."""
    old, now = layouts[0], layouts[-1]
    if now != old and len({*layouts[:-1]}) == 1:
        yield _changed("body", old, now, text.changes(old, now))


def _places(found: Iterable[Found]) -> Iterator[Found]:
    """Yield the first places that differ, and then the number of further places."""
    places = list(found)
    yield from places[:MAX_PLACES]
    if len(places) > MAX_PLACES:
        yield Found("body:*", "…", f"{len(places) - MAX_PLACES} more places")


def _html(olds: Sequence[Answer], new: Answer) -> Iterator[Found]:
    texts, now = [text_of(each, olds[0]) for each in olds], text_of(new, olds[0])
    known = [each for each in texts if each is not None]
    changed = markup.beyond_noise(known, now) if now is not None and len(known) == len(texts) else None
    if changed is None:
        yield from _text(olds, new)
        return
    yield from _places(_changed(f"body:{each.place}", each.old, each.new, each.changes) for each in changed)


def _changed(facet: str, old: str, new: str, changes: Sequence[text.Change]) -> Found:
    removed = [old[each.start : each.end] for each in changes]
    lines = tuple(text.shown(old, new, changes)) if facet == "body" or "\n" in old.strip() else ()
    return Found(facet, _joined(removed), _joined([each.new for each in changes]), lines)


def _text(olds: Sequence[Answer], new: Answer) -> Iterator[Found]:
    texts, now = [text_of(each, olds[0]) for each in olds], text_of(new, olds[0])
    known = [each for each in texts if each is not None]
    if now is None or len(known) < len(texts):
        if len(known) == len(texts) and not is_damaged(new):
            yield Found("body", _summary(olds[0]), f"{_summary(new)}, which is not text")
        else:
            yield from _octets(olds, new)
        return
    changes = text.beyond_noise(known, now)
    if changes:
        yield _changed("body", known[0], now, changes)


def _octets(olds: Sequence[Answer], new: Answer) -> Iterator[Found]:
    """Yield the difference of binary bodies, unless the old bodies vary. Decoded bodies are compared too, because a
    gzip header contains a time.
    """
    if is_damaged(new) and not any(map(is_damaged, olds)):
        coding = ", ".join(new.values("content-encoding"))
        yield Found("body", _summary(olds[0]), f"{_summary(new)}, which is not valid {coding}")
    elif len({each.body.digest for each in olds}) == 1 or len(set(map(content, olds))) == 1:
        yield Found("body", _summary(olds[0]), _summary(new))


def _joined(pieces: Sequence[str]) -> str:
    """Return the text of changes. If the text is long, return its beginning, and a digest of the whole. Return
    ABSENT if it is empty.
    """
    whole = " … ".join(text.visible(each) for each in pieces if each)
    if len(whole) <= MAX_TEXT:
        return f"'{whole}'" if whole != whole.strip() else whole or ABSENT
    return f"{whole[:MAX_TEXT]}… (sha256 {hashlib.sha256(whole.encode()).hexdigest()[:12]})"


def _summary(answer: Answer) -> str:
    return f"{answer.body.length:,} bytes, sha256 {answer.body.digest[:12]}…"
