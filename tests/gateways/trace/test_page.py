"""A literal trace as a page: required and forbidden contents. tests/real opens it in a browser."""

import re
from dataclasses import replace
from html.parser import HTMLParser

from gateways.trace.document import Line
from gateways.trace.html import element
from gateways.trace.page import render
from gateways.trace.steps import Step
from tests.gateways.trace.literal import trace

VOID = {"meta", "link"}


class Outline(HTMLParser):
    """Parses the elements of a page. Fails if an element is not closed correctly."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open += [tag] if tag not in VOID else []
        given = dict(attrs)
        self.ids += [given["id"] or ""] if "id" in given else []
        self.links += [given["href"] or ""] if tag == "a" else []

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_each_step_occurs_once_and_each_mark_links_to_one() -> None:
    taken = trace("WSGIToASGI")
    outline = Outline(render(taken))
    steps = [name for name in outline.ids if re.fullmatch(r"s\d+", name)]
    assert steps == [f"s{number}" for number in range(1, len(taken.steps) + 1)]
    requested = [f"#s{n}" for n, step in enumerate(taken.steps, 1) if step.phase == "request"]
    assert outline.links == requested


def test_the_page_loads_nothing_from_elsewhere() -> None:
    page = render(trace("WSGIToASGI"))
    assert not re.search(r"(?:src|href|url)\s*[=(]\s*[\"']?(?!#|data:)[\"']?\w*:?//", page)
    assert "default-src 'none'" in page


def test_errors_are_shown() -> None:
    page = render(trace("WSGIToASGI", problem="it <broke>"))
    assert "it &lt;broke&gt;" in page
    assert 'class="step wrong"' in page


def test_text_of_apps_and_clients_is_escaped() -> None:
    evil = "</script><script>alert(1)</script>\"'<b>"
    step = Step(0.0, "request", "protocol", evil, 1, 2, evil, evil, ((evil, (evil,)),), (1, evil))
    taken = trace()
    taken = replace(taken, steps=(step,), asked=evil, problem=evil, log=(Line(0.0, evil),))
    taken = replace(taken, served=replace(taken.served, target=evil, adapter=evil, model=evil))
    page = render(taken)
    Outline(page)
    assert "alert(1)</script>" not in page
    assert '<b>"' not in page


def test_attributes_are_quoted_and_omitted_if_none() -> None:
    assert (
        element("a", "b", class_='"x"', aria_hidden="true", id=None)
        == '<a class="&quot;x&quot;" aria-hidden="true">b</a>'
    )
