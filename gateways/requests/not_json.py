"""Say why a text is not JSON. Pure."""

import json


def reason(error: json.JSONDecodeError) -> str:
    """Return the reason with its column. It says if the end is missing: recorders may stop in the middle of a file."""
    is_cut = error.msg.startswith("Unterminated") or not error.doc[error.pos :].strip()
    return f"{error.msg.removesuffix(' at')} at column {error.colno}{'; it ends too early' if is_cut else ''}"
