"""Rules about the app's own messages: breaches of its interface, hop-by-hop headers, ASGI extensions. Pure."""

from gateways.check.finding import Advice, Seen
from gateways.check.move import Move


def breach(seen: Seen, _move: Move) -> Advice:
    """Report the breach for every server, because the next server may reject it."""
    return Advice("the app violates the specification of its interface", seen.values["clause"], seen.values["remedy"])


def hop_by_hop(seen: Seen, move: Move) -> Advice:
    name = seen.values["name"]
    rule = "PEP 3333, Other HTTP features" if move.interface == "wsgi" else "RFC 9110, 7.6.1"
    if move.to == "cgi":
        rule = "RFC 3875, 6.3.4"
    return Advice(
        f"the app sets the hop-by-hop header {name}",
        f"{rule}: {name} describes one connection, which only the server knows. Some servers reject the header; others "
        "drop or send it. HTTP/2 forbids it (RFC 9113, 8.2.2). gateways.adapters drops it with a warning",
        f"do not set {name}; the server sets what the connection needs",
    )


def extension(seen: Seen, move: Move) -> Advice | None:
    if move.interface != "asgi" or move.to == "asgi":
        return None
    return Advice(
        f"the app uses the ASGI extension {seen.values['name']}",
        f"{move.runner} does not offer this extension by default (ASGI, Extensions: an app must work without "
        "extensions)",
        "if the key is missing from scope['extensions'], use a fallback, and check that its result is the same",
    )
