"""The clauses of RFC 3875 again, with warm programs."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.adapters.run_cgi import clauses_of_requests, clauses_of_responses
from tests.adapters.run_cgi.asking import Asker
from tests.adapters.run_cgi.warm.warming import KINDS, warm_asker, warmed


@pytest.fixture(scope="module", params=KINDS)
def warm_host(request: pytest.FixtureRequest, programs: Path) -> Iterator[Asker]:
    asker = warm_asker(request.param, programs, env={})
    for program in ("report.py", "prints.py"):
        warmed(asker, programs / program)
    yield asker
    asker.host.close()


class _Warm:
    """The clauses again, with warm programs."""

    @pytest.fixture
    def ask(self, warm_host: Asker) -> Asker:
        return warm_host


class TestMetaVariables(_Warm, clauses_of_requests.MetaVariables):
    pass


class TestRequestBodies(_Warm, clauses_of_requests.RequestBodies):
    pass


class TestRunningTheProgram(_Warm, clauses_of_requests.RunningTheProgram):
    pass


class TestHeads(_Warm, clauses_of_responses.Heads):
    pass


class TestBodies(_Warm, clauses_of_responses.Bodies):
    pass


class TestLocalRedirects(_Warm, clauses_of_responses.LocalRedirects):
    pass
