"""The client of a check keeps values from responses."""

from gateways.check.send.answer import Answer
from gateways.check.send.client import Client
from gateways.check.watch.notes import Notes
from gateways.requests.request import Request, Take


def test_a_missing_value_is_a_problem_and_its_placeholder_is_sent_unchanged() -> None:
    notes = Notes()
    client = Client(notes)
    login = Request("GET", "/login", takes=(Take("token", "json", "/token"),))
    client.begin(login)
    client.end(login, Answer(status=200, body=b"{}"))
    assert client.begin(Request("GET", "/cart/${token}")).target == "/cart/${token}"
    assert notes.problems == ["GET /login: the response (status 200) has no json '/token' for ${token}"]
