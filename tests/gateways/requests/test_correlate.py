"""Values in recorded requests that are taken from earlier responses."""

import cProfile

from gateways.requests.correlate import Response, correlated
from gateways.requests.request import Request
from gateways.requests.session import Session
from gateways.requests.values import taken

TOKEN = "fD7a8bC9dE0fG1hI2jK3"
FORM = ("Content-Type", "application/x-www-form-urlencoded")
PAGE = '<input name="next" value="/start"><input type="hidden" name="csrf" value="{}">'


def replayed(first: Request, recorded: Response, second: Request, answer: Response) -> Request:
    """Return the second request in the form in which it is sent after a different first response."""
    (one, two), _ = correlated([first, second], [recorded, Response((), "")])
    session = Session()
    session.learn(session.prepared(one), 200, answer.headers, answer.body.encode())
    return session.prepared(two)


def test_a_form_token_is_taken_from_the_page_that_contained_it() -> None:
    get, post = Request("GET", "/login"), Request("POST", "/login", (FORM,), f"user=me&csrf={TOKEN}".encode())
    recorded, other = Response((), PAGE.format(TOKEN)), Response((), PAGE.format("X" * 20 + "1"))
    assert replayed(get, recorded, post, other).body == f"user=me&csrf={'X' * 20}1".encode()


def test_a_bearer_token_is_taken_from_json() -> None:
    post, get = Request("POST", "/token"), Request("GET", "/me", (("Authorization", f"Bearer {TOKEN}"),))
    sent = replayed(post, Response((), f'{{"access_token": "{TOKEN}"}}'), get, Response((), '{"access_token": "new"}'))
    assert sent.headers == (("Authorization", "Bearer new"),)


def test_a_value_in_a_header_is_taken_from_a_cookie_or_a_header() -> None:
    get, post = Request("GET", "/"), Request("POST", "/", (("X-CSRFToken", TOKEN),))
    cookie = [Response((("Set-Cookie", f"csrftoken={value}; Path=/"),), "") for value in (TOKEN, "new")]
    assert replayed(get, cookie[0], post, cookie[1]).header("x-csrftoken") == "new"
    header = [Response((("X-Token", value),), "") for value in (TOKEN, "new")]
    assert replayed(get, header[0], post, header[1]).header("x-csrftoken") == "new"


def test_an_id_in_a_path_is_taken_from_the_response_that_created_it() -> None:
    post, get = Request("POST", "/orders"), Request("GET", f"/orders/{TOKEN}/items")
    sent = replayed(post, Response((), f'{{"id": "{TOKEN}"}}'), get, Response((), '{"id": "o2"}'))
    assert sent.target == "/orders/o2/items"


def test_a_value_is_found_in_json_with_escapes() -> None:
    token = f"{TOKEN}=="
    post, get = Request("POST", "/token"), Request("GET", "/me", (("Authorization", f"Bearer {token}"),))
    recorded = Response((), f'{{"access_token": "{TOKEN}\\u003d\\u003d"}}')
    assert replayed(post, recorded, get, Response((), '{"access_token": "new"}')).headers == (
        ("Authorization", "Bearer new"),
    )


def test_the_work_for_a_recording_grows_with_its_length_only() -> None:
    calls = {}
    for count in (100, 200):
        requests = [
            Request("POST", "/", (("X-Trace", f"{number:04}-of-the-browser"), ("X-CSRFToken", f"{number:04}{TOKEN}")))
            for number in range(count)
        ]
        responses = [
            Response((), f'{{"rows": [1, 2, 3], "next": "{number + 1:04}{TOKEN}"}}') for number in range(count)
        ]
        profile = cProfile.Profile()
        _, notes = profile.runcall(correlated, requests, responses)
        assert len(notes) == count - 1
        calls[count] = sum(each.callcount for each in profile.getstats())
    assert calls[200] < 2.5 * calls[100]


def test_a_hash_in_a_file_name_is_not_replaced() -> None:
    requests = [Request("GET", "/"), Request("GET", f"/static/main.{TOKEN}.js")]
    made, notes = correlated(requests, [Response((), f"<script src='/static/main.{TOKEN}.js'>"), Response((), "")])
    assert (made, notes) == (tuple(requests), [])


def test_short_and_natural_values_and_browser_headers_are_not_replaced() -> None:
    requests = [
        Request("GET", "/"),
        Request("POST", "/", (FORM, ("User-Agent", TOKEN)), b"a=short1&b=only-letters-in-here"),
    ]
    body = f"short1 only-letters-in-here {TOKEN}"
    assert correlated(requests, [Response((), body), Response((), "")]) == (tuple(requests), [])


def test_each_value_is_taken_and_reported_once() -> None:
    requests = [
        Request("GET", "/a"),
        *(Request("POST", "/b", (FORM,), f"t={TOKEN}".encode(), origin="x") for _ in "12"),
    ]
    made, notes = correlated(requests, [Response((), PAGE.format(TOKEN)), *[Response((), "")] * 2])
    assert len(made[0].takes) == 1
    assert [each.body for each in made[1:]] == [b"t=${value1}"] * 2
    assert notes == ["x: fD7… (20 characters) is taken from the response to GET /a"]


def test_a_code_within_a_redirect_is_extracted() -> None:
    requests = [Request("POST", "/authorize"), Request("POST", "/token", (FORM,), f"code={TOKEN}".encode())]
    location = ("Location", f"http://localhost/cb?state=x&code={TOKEN}&more=1")
    made, _ = correlated(requests, [Response((location,), ""), Response((), "")])
    (take,) = made[0].takes
    assert (take.source, take.argument) == ("header", "Location")
    again = ("location", location[1].replace(TOKEN, "another-code-0123456789"))
    assert taken(take, 302, (again,), b"", {}) == "another-code-0123456789"
    assert made[1].body == b"code=${value1}"


def test_a_value_is_found_beside_another_value_that_varies() -> None:
    recorded, other = (f"http://localhost/cb?code={code}z9&state={{}}" for code in ("Ab1" * 8, "Cd2" * 11))
    requests = [Request("POST", "/authorize"), Request("GET", f"/cb?code={'Ab1' * 8}z9&state={TOKEN}")]
    answers = [Response((("Location", each),), "") for each in (recorded.format(TOKEN), other.format("new" * 6 + "1"))]
    sent = replayed(requests[0], answers[0], requests[1], answers[1])
    assert sent.target == f"/cb?code={'Cd2' * 11}z9&state={'new' * 6}1"
    page = "<b id='{}'>{}</b> <b id='{}'>{}</b>"
    form = Request("POST", "/", (FORM,), f"t={TOKEN}".encode())
    texts = (page.format("a1" * 9, "x", "b1" * 9, TOKEN), page.format("c3" * 9, "y", "d3" * 9, "new" * 6 + "1"))
    assert (
        replayed(requests[0], Response((), texts[0]), form, Response((), texts[1])).body == f"t={'new' * 6}1".encode()
    )


def test_a_value_that_the_client_made_is_not_replaced() -> None:
    """For example the state of OAuth 2.0, which the redirect repeats."""
    requests = [Request("GET", f"/authorize?state={TOKEN}"), Request("GET", f"/cb?state={TOKEN}")]
    location = ("Location", f"/cb?state={TOKEN}")
    assert correlated(requests, [Response((location,), ""), Response((), "")]) == (tuple(requests), [])
