"""The client that sends all requests of a check. It stores cookies, values from responses, and statuses."""

from gateways.check.send.answer import Answer
from gateways.check.watch.notes import Notes
from gateways.requests.request import Request
from gateways.requests.session import Session
from gateways.requests.values import Missing

HOST = "127.0.0.1:8000"


class Client:
    """The client. Sets the current request in `notes`. `statuses`: the result of each request, in order."""

    def __init__(self, notes: Notes) -> None:
        self.statuses: dict[str, str] = {}
        self._notes = notes
        self._session = Session()

    def begin(self, request: Request) -> Request:
        """Return the request to send. A placeholder stays unchanged if no earlier response contained its value."""
        self._notes.request = request.label
        return self._session.prepared(request)

    def end(self, request: Request, answer: Answer) -> None:
        """Store cookies, values and the status of the response. Record a problem if a value is missing."""
        self.statuses[request.label] = str(answer)
        try:
            self._session.learn(request, answer.status, tuple(answer.headers), answer.body)
        except Missing as missing:
            self._notes.problems.append(f"{request.label}: {missing}")
