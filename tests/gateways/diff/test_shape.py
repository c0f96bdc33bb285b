"""Values that vary: the times and tokens in one place are all of the same kind."""

import pytest

from gateways.diff import markup, structure, text
from gateways.diff.shape import differs

TOKENS = ("0123456789abcdef0123", "abcdef01234567890123")
NOW = ("2026-11-30T18:19:50.344255+00:00", "2026-11-30T18:20:01.002003+00:00")


@pytest.mark.parametrize(
    ("olds", "new"),
    [
        (NOW, "2026-11-30T19:19:50.344255+00:00"),
        (NOW, "2026-11-30T18:19:50.344255Z"),
        (NOW, "2026-11-30T18:19:50.344255"),
        (NOW, "2026-11-30T18:19:50+00:00"),
        (NOW, "2026-11-30 18:19:50.344255+00:00"),
        (NOW, "today"),
        (("18:19:50", "18:20:01"), "17:20:02"),
        (("1796062796", "1796062799"), "1796062798123"),
        (("1796062796834", "1796062799834"), "1796059196834"),
        (TOKENS, "746f24fa"),
    ],
)
def test_a_value_of_another_kind_is_a_difference(olds: tuple[str, ...], new: str) -> None:
    assert differs(olds, new)


@pytest.mark.parametrize(
    ("olds", "new"),
    [
        (NOW, "2026-11-30T18:29:00.344255+00:00"),
        (("2026-11-30T18:19:50Z", "2026-10-01T08:00:00Z"), "2020-01-01T00:00:00Z"),  # not the current time
        (("2026-11-30T18:19:50Z", "2026-11-30T18:19:51.5Z"), "2026-11-30T18:19:52+00:00"),  # the notation varies, too
        (("23:59:58", "23:59:59"), "00:00:01"),
        (("1796062796", "1200000000"), "1000000000"),
        (("2026-99-30T18:19:50Z", "2026-99-30T18:19:51Z"), "x"),
        (("12", "13"), "4000"),
        (TOKENS, "abcdef01234"),
        ((TOKENS[0], TOKENS[1] + "a"), "a1"),  # the length varies
        ((), "18:19:50"),
    ],
)
def test_a_value_of_the_same_kind_is_noise_and_so_are_values_without_a_common_kind(
    olds: tuple[str, ...], new: str
) -> None:
    assert not differs(olds, new)


def documents(*values: str) -> list[object]:
    return [structure.parse(b'{"a": %b}' % each.encode()) for each in values]


@pytest.mark.parametrize(
    ("olds", "new"),
    [
        (('"x1"', '"x2"'), "null"),
        (('"x1"', '"x2"'), '""'),
        (("1", "2"), '"3"'),
        (("1", "2"), "[]"),
        ((f'"{NOW[0]}"', f'"{NOW[1]}"'), '"2026-11-30T19:20:01.002003+00:00"'),
    ],
)
def test_a_varying_place_of_a_json_document_keeps_its_type(olds: tuple[str, ...], new: str) -> None:
    (found,) = structure.beyond_noise(documents(*olds), documents(new)[0])
    assert (found.pointer, found.old, found.new) == ("/a", olds[0], new)


@pytest.mark.parametrize(
    ("olds", "new"),
    [
        (("1", "null"), '"x"'),  # the type varies
        (("true", "false"), "true"),
        (("[1]", "[1, 2]"), '["x"]'),  # the list varies
    ],
)
def test_a_place_whose_type_varies_is_noise(olds: tuple[str, ...], new: str) -> None:
    assert structure.beyond_noise(documents(*olds), documents(new)[0]) == []


def test_a_time_in_another_zone_is_found_in_texts_and_pages() -> None:
    other = "2026-11-30T19:20:01.002003+00:00"
    for write in ("at {}, done\n", "Mon, 30 Nov 2026 {} GMT"):
        *olds, new = (write.format(each[11:19]) for each in (*NOW, other))
        assert [each.new for each in text.beyond_noise(olds, new)] == [other[11:19]]
    pages = [f"<p>at <time>{each}</time></p>" for each in (*NOW, other)]
    assert [each.place for each in markup.beyond_noise(pages[:2], pages[2]) or ()] == ["/p/time/text()"]
    assert markup.beyond_noise(pages[:2], pages[0].replace("18:19", "18:21")) == []
