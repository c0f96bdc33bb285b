"""The ends of programs, in process: the same for the ASGI host and the WSGI host."""

import os

import pytest

from tests.adapters.run_cgi import clauses_of_endings

pytestmark = pytest.mark.slow


class _Here:
    def pid(self) -> int:
        return os.getpid()


class TestTheClientLeaves(_Here, clauses_of_endings.TheClientLeaves):
    pass


class TestEndings(_Here, clauses_of_endings.Endings):
    pass


class TestEndlessBodies(_Here, clauses_of_endings.EndlessBodies):
    pass
