"""Record observations about a response: hop-by-hop headers, streams, and breaches of HTTP."""

from collections.abc import Iterable
from types import FrameType
from typing import Any

from gateways.check.finding import Place
from gateways.check.lint import http
from gateways.check.lint.asgi import Conversation
from gateways.check.lint.breach import Breach
from gateways.check.send.answer import Answer
from gateways.check.send.watching import Watching
from gateways.check.watch.notes import Notes
from gateways.check.watch.own import Own


def record(answer: Answer, method: str, notes: Notes, own: Own) -> None:
    """Record observations of the response to the current request."""
    for name, value in answer.headers:
        if name.lower() in http.HOP_BY_HOP:
            place = own.place_of_name(name)
            notes.add("hop-by-hop", f"{name}: {value}", place, name=name)
    if answer.is_stream:
        blocks = f"{len(answer.times)} blocks in {answer.took * 1000:.0f} ms"
        accel = answer.header("x-accel-buffering").lower() == "no"
        kind = answer.header("content-type")
        notes.add("stream", f"{blocks}, {kind or 'no content type'}", accel=accel, endless=not answer.whole)
    breach(http.body(method, answer.status, answer.headers, answer.length, answer.whole), notes)


def breach(breaches: Iterable[Breach], notes: Notes, place: Place | None = None) -> None:
    """Record breaches."""
    for each in breaches:
        notes.add("breach", each.seen, place, clause=each.clause, remedy=each.remedy)


def lint(conversation: Conversation, message: Any, sender: FrameType, watching: Watching) -> None:
    """Record the breaches in a message from `sender`, without forgiven breaches of library code (see Breach)."""
    is_own = watching.own.is_own(sender.f_code.co_filename)
    breaches = [each for each in conversation.sent(message) if is_own or not each.forgiven]
    breach(breaches, watching.notes, watching.own.place(sender))
