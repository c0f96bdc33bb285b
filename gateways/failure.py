"""The one exception that the commands show to people as a line of text."""


class Failure(Exception):
    """Work that could not be done. The text is one line: what was wrong, and what to do about it.

    `traceback` is that of the user's own code, where it is that which failed, as Python prints it.
    """

    def __init__(self, line: str, traceback: str = "") -> None:
        super().__init__(line)
        self.traceback = traceback
