"""Equal and different responses of contenders."""

import base64
import gzip
import random
from dataclasses import replace

import pytest

from gateways.compare.load.order import Answer, Seen
from gateways.compare.measure.answers import Given, expected, unequal, unusable, widened, without


def seen(status: int = 200, body: str = "hello", error: str = "") -> Seen:
    return Seen(status, len(body), f"digest of {body}", "", body, 0.01, error)


def given(first: Seen, second: Seen | None = None) -> Given:
    return Given("asgi:uvicorn", first, second or first)


def test_equal_responses_are_verified_completely() -> None:
    assert expected(given(seen())) == Answer(200, 5, "digest of hello")


def test_only_the_constant_parts_of_varying_responses_are_verified() -> None:
    assert expected(given(seen(body="token 1"), seen(body="token 2"))) == Answer(200, 7, None)
    assert expected(given(seen(body="short"), seen(body="longer"))) == Answer(200, None, None)


def bodied(text: str) -> Seen:
    return replace(seen(body=text), body=base64.b64encode(text.encode()).decode())


def test_the_length_of_a_response_whose_order_varies_is_verified() -> None:
    answer = expected(given(bodied("all=a b c;"), bodied("all=c b a;")))
    assert answer == Answer(200, 10, None, ("all=", ";"))
    assert unequal(given(bodied("all=b a c;")), answer) == ""
    assert "has 12 bytes" in unequal(given(bodied("all=b a c d;")), answer)
    once = Answer(200, 10, "digest of all=a b c;")
    assert widened(once, b"all=a b c;", bodied("all=c b a;")) == answer
    assert widened(answer, None, bodied("all=b c a;")) == answer


def test_invalid_responses_are_excluded() -> None:
    assert unusable(given(seen())) == ""
    assert unusable(given(seen(204))) == ""
    assert unusable(given(seen(0, error="ECONNREFUSED"))) == "no response: ECONNREFUSED"
    assert unusable(given(seen(500, "Internal\n  Server Error"))).startswith(
        "it responds with 500 (Internal Server Error); "
    )
    assert unusable(given(seen(), seen(404, ""))).startswith("it responds with 404; ")
    assert unusable(given(seen(200), seen(201))) == "first response 200, second response 201"


@pytest.mark.parametrize("status", [301, 302, 304, 401, 404, 500])
def test_a_status_other_than_2xx_is_measured_only_if_it_is_expected(status: int) -> None:
    assert f"--expect {status} " in unusable(given(seen(status)))
    assert unusable(given(seen(status)), status) == ""
    assert "it responds with 200" in unusable(given(seen(200)), status)


def test_the_target_of_a_redirect_is_reported() -> None:
    redirect = replace(seen(302, ""), head="HTTP/1.1 302 Found\r\nLocation: /login?next=/admin\r\n\r\n")
    assert "it responds with 302 to /login?next=/admin" in unusable(given(redirect))


def test_certificate_options_are_suggested_only_for_certificate_errors() -> None:
    why = unusable(given(seen(0, "", error="TLS: self-signed certificate")))
    assert "--ca" in why
    assert "--insecure" in why
    assert "--path" not in why


def test_a_different_response_is_described() -> None:
    answer = Answer(200, 5, "digest of hello")
    assert unequal(given(seen()), answer) == ""
    assert unequal(given(seen(204)), answer) == "it responds with 204; the others with 200"
    assert unequal(given(seen(body="hello!")), answer) == "its response has 6 bytes; the other responses have 5"
    assert unequal(given(seen(body="hallo")), answer) == "its response starts with 'hallo', unlike the other responses"
    assert unequal(given(seen(), seen(body="hallo")), answer).startswith("its response starts")
    assert unequal(given(seen(body="hallo")), Answer(200, None, None)) == ""


def test_common_parts_of_random_bodies_are_not_expected_in_a_third_body() -> None:
    bodies = [base64.b64encode(random.Random(seed).randbytes(100)).decode() for seed in range(2)]
    one, other = (replace(seen(), length=100, sha256=body, body=body) for body in bodies)
    assert expected(given(one, other)) == Answer(200, 100, None)


def test_each_server_has_its_own_page_for_an_exception_of_the_app() -> None:
    answer = expected(given(seen(500, "Internal Server Error")))
    assert answer == Answer(500, None, None)
    assert unequal(given(seen(500, "<h1>Internal Server Error</h1>")), answer) == ""
    assert unequal(given(seen(404, "Internal Server Error")), answer) != ""


def test_a_response_with_bytes_after_its_end_is_invalid() -> None:
    assert unusable(given(seen(error="5 bytes came after the end"))) == "invalid response: 5 bytes came after the end"


def later(body: bytes, head: str = "") -> Seen:
    return Seen(200, len(body), f"digest of {body!r}", head, "", 0.0, "", base64.b64encode(body).decode())


def test_a_later_response_of_the_first_contender_widens_the_expected_response() -> None:
    now, then = b"<p>saved now</p>", b"<p>saved 2 minutes ago</p>"
    answer = expected(given(later(now)))
    assert widened(answer, now, later(now)) == answer
    wider = widened(answer, now, later(then))
    assert unequal(given(later(b"<p>saved 3 minutes ago</p>")), wider) == ""
    assert unequal(given(later(b"<p>lost 3 minutes ago</p>")), wider) != ""


@pytest.mark.parametrize(
    ("seen", "length"),
    [
        (later(b"hello"), 5),
        (later(b"hello!"), None),
        (later(b"\x00bcde"), 5),
        (later(b"hallo", "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n"), None),
    ],
)
def test_without_a_text_only_the_length_or_the_status_is_verified(seen: Seen, length: int | None) -> None:
    assert widened(Answer(200, 5, "of a large body"), None, seen) == Answer(200, length, None)


@pytest.mark.parametrize("seen", [seen(500, "no database"), seen(0, error="ECONNREFUSED")])
def test_a_failure_of_the_first_contender_widens_nothing(seen: Seen) -> None:
    answer = Answer(200, 5, "digest of hello")
    assert widened(answer, b"hello", seen) == answer


def test_the_values_of_a_session_are_not_expected_of_another_session() -> None:
    body = b'{"id": "b87e1323", "name": "tea"}'
    answer = without(expected(given(later(body))), later(body), ["b87e1323", "tea"])
    assert unequal(given(later(b'{"id": "0a1b2c3d", "name": "tea"}')), answer) == ""
    assert unequal(given(later(b'{"id": "0a1b2c3d", "name": "ale"}')), answer) != ""
    assert without(answer, later(b""), ["elsewhere"]) == answer


def test_a_compressed_body_with_a_value_of_the_session_is_verified_by_its_status() -> None:
    packed = later(gzip.compress(b'{"id": "b87e1323"}'), "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n")
    answer = expected(given(packed))
    assert without(answer, packed, ["b87e1323"]) == Answer(200, None, None)
    assert without(answer, packed, ["0a1b2c3d"]) == answer
