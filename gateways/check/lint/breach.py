"""A breach of an interface: the observation, the clause, and a correct value. Pure."""

from typing import NamedTuple


class Breach(NamedTuple):
    """`seen` is what the app did, `clause` the rule with its source, `remedy` what is correct.

    `forgiven`: every server accepts it, and Django does it; reported only for the app's own code.
    """

    seen: str
    clause: str
    remedy: str
    forgiven: bool = False
