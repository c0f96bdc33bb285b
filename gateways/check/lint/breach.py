"""Record of a breach of an interface, with the clause and a correct value. Pure."""

from typing import NamedTuple


class Breach(NamedTuple):
    """A breach. seen: the observation. clause: the rule with its source. remedy: the correction.

    forgiven: True if every server accepts the breach. Django itself commits such breaches, so they are reported only
    for the app's own code.
    """

    seen: str
    clause: str
    remedy: str
    forgiven: bool = False
