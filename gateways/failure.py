"""The exception that the commands print as one line of text."""


class Failure(Exception):
    """A command failed. The text is one line: the cause, and how to fix it.

    `traceback` is the traceback of the user's code, in Python's format. It is "" if that code did not fail.
    """

    def __init__(self, line: str, traceback: str = "") -> None:
        super().__init__(line)
        self.traceback = traceback
