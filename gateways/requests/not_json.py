"""Find the reason why a text is not JSON. Pure."""

import json


def reason(error: json.JSONDecodeError) -> str:
    """Return the reason and its column. The reason states if the end of the text is missing, because a recorder may
    stop in the middle of a file.
    """
    is_cut = error.msg.startswith("Unterminated") or not error.doc[error.pos :].strip()
    return f"{error.msg.removesuffix(' at')} at column {error.colno}{'; the text ends too early' if is_cut else ''}"
