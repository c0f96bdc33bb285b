"""The one exception that the commands show to people as a line of text."""


class Failure(Exception):
    """Work that could not be done. The text is one line: what was wrong, and what to do about it."""
