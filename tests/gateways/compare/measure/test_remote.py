"""Running servers, given by URL."""

import pytest

from gateways.compare.load.order import Request
from gateways.compare.measure.remote import Site, several, site


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("blue=https://blue.example.org", Site("blue", "blue.example.org", 443, True)),
        ("blue=http://10.0.0.1:8000/app/", Site("blue", "10.0.0.1", 8000, False, "/app/")),
        ("http://[::1]:8000", Site("::1:8000", "::1", 8000)),
        ("http://example.org/a=b", Site("example.org:80", "example.org", 80, False, "/a=b")),
    ],
)
def test_a_server_is_given_by_label_and_url(text: str, found: Site) -> None:
    assert site(text) == found


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("blue", "is not the URL of a server"),
        ("blue=ftp://example.org", "is not the URL of a server"),
        ("blue=http://", "is not the URL of a server"),
        ("http://example.org:99999", "out of range"),
        ("blue=http://example.org/?a=b", "has a query, a user or a fragment"),
        ("blue=http://user:secret@example.org/", "has a query, a user or a fragment"),
    ],
)
def test_an_invalid_server_is_refused(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        site(text)


@pytest.mark.parametrize(
    ("path", "target", "asked"),
    [("", "/", "/"), ("", "/hello", "/hello"), ("/app/", "/", "/app/"), ("/app/", "/hello?a=1", "/app/hello?a=1")],
)
def test_paths_are_below_the_path_of_the_url(path: str, target: str, asked: str) -> None:
    assert Site("a", "h", 80, path=path).for_server(Request(target)).target == asked


def test_labels_must_be_unique() -> None:
    with pytest.raises(ValueError, match="two servers have the label 'a'"):
        several([site("a=http://h"), site("a=http://g")])


def test_a_site_and_its_twin_are_recorded_with_the_same_url() -> None:
    made = Site("a", "h", 8000, path="/app", twin=True).entrant
    assert (made.id, made.label, made.server, made.twin_of) == ("a#2", "a again", "http://h:8000/app", "a")
