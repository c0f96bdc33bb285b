"""Create responses (Answer) for tests."""

from dataclasses import replace
from typing import Any

from gateways.diff.answer import Answer, body_of


def answer(body: str | bytes = "hello", *headers: tuple[str, str], **more: Any) -> Answer:
    """A plain response with a Content-Length."""
    octets = body.encode() if isinstance(body, str) else body
    names = {name.lower() for name, _ in headers}
    kind = () if "content-type" in names else (("Content-Type", "text/plain"),)
    plain = Answer(
        status=200,
        reason="OK",
        version="HTTP/1.1",
        headers=(*kind, *headers),
        body=body_of(octets),
        framing="length",
        blocks=((0.01, len(octets)),),
        first=0.01,
        total=0.01,
    )
    return replace(plain, **more)
