"""Keep the state of a client: its cookies, and the values taken from responses. Pure."""

import copy
from dataclasses import replace

from gateways.requests.cookies import Jar, header_of, of_header
from gateways.requests.request import Headers, Request
from gateways.requests.values import fill_body, fill_text, taken


class Session:
    """One client's state. Each server has its own session."""

    def __init__(self) -> None:
        self.jar = Jar()
        self.values: dict[str, str] = {}
        # Names of the cookies that were set by a response to an unsafe request, for example by the response to a login.
        self._granted: set[str] = set()

    def prepared(self, request: Request) -> Request:
        """Return the request to send. Values are inserted, and cookies from responses replace recorded cookies of the
        same name.
        """
        target = fill_text(request.target, self.values, quoted=True)
        headers = [(name, fill_text(value, self.values)) for name, value in request.headers]
        own = {
            name: value
            for each, text in headers if each.lower() == "cookie"
            for name, value in of_header(text).items()
        }  # fmt: skip
        cookies = {**own, **self.jar.for_target(target)}
        headers = [pair for pair in headers if pair[0].lower() != "cookie"]
        if cookies:
            headers.append(("Cookie", header_of(cookies)))
        body = request.body
        if body is not None and self.values:
            body = fill_body(body, request.header("content-type") or "", self.values)
        return replace(request, target=target, headers=tuple(headers), body=body)

    def learn(self, request: Request, status: int, headers: Headers, body: bytes) -> None:
        """Store the cookies of a response, and the values that the request takes from it.

        request: the argument of prepared(). body: without its content coding.

        Raises: gateways.requests.values.Missing: a value is missing. The cookies are stored anyway.
        """
        before, self.jar = self.jar, self._jar_after(request, headers)
        if not request.is_safe:
            self._granted |= _changed(before, self.jar)
        for take in request.takes:
            self.values[take.name] = taken(take, status, headers, body, self.jar.everything())

    def ends(self, request: Request, status: int, headers: Headers) -> str:
        """If this is the response to a logout, return the name of the cookie whose deletion ends the session; else "".

        The response to a logout has the status 204, 302 or 303, and deletes a cookie. If it also sets a cookie, then
        the deleted cookie must be from the response to an unsafe request, such as a login. An OAuth 2 callback, for
        example, deletes a cookie of a safe request, and sets the session cookie.
        """
        if status not in (204, 302, 303):
            return ""
        after = self._jar_after(request, headers)
        lost = self.jar.everything().keys() - after.everything().keys()
        return min(lost & self._granted if _changed(self.jar, after) else lost, default="")

    def _jar_after(self, request: Request, headers: Headers) -> Jar:
        jar = copy.deepcopy(self.jar)
        jar.learn(fill_text(request.target, self.values, quoted=True), headers)
        return jar


def _changed(before: Jar, after: Jar) -> set[str]:
    """Return the names of new cookies, and of cookies whose value has changed."""
    old = before.everything()
    return {name for name, value in after.everything().items() if old.get(name) != value}
