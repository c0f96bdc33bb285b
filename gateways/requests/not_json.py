"""Say why a text is not JSON. Pure."""

import json


def reason(error: json.JSONDecodeError) -> str:
    """Return the reason and its column. If the end of the text is missing, the reason states this: a recorder may have
    stopped in the middle of a file.
    """
    is_cut = error.msg.startswith("Unterminated") or not error.doc[error.pos :].strip()
    return f"{error.msg.removesuffix(' at')} at column {error.colno}{'; the text ends too early' if is_cut else ''}"
