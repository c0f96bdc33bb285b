"""Record of a breach of an interface, with the clause and the remedy. Pure."""

from typing import NamedTuple


class Breach(NamedTuple):
    """A breach. seen: the observation. clause: the rule with its source. remedy: the correction.

    forgiven: True if every server accepts the breach. Such breaches are reported only in the app's own code, because
    Django itself contains some.
    """

    seen: str
    clause: str
    remedy: str
    forgiven: bool = False
