"""The clauses, in process: the same for the ASGI host and the WSGI host."""

from tests.adapters.run_cgi import clauses_of_requests, clauses_of_responses


class TestMetaVariables(clauses_of_requests.MetaVariables):
    pass


class TestFindingTheProgram(clauses_of_requests.FindingTheProgram):
    pass


class TestRequestBodies(clauses_of_requests.RequestBodies):
    pass


class TestRunningTheProgram(clauses_of_requests.RunningTheProgram):
    pass


class TestHeads(clauses_of_responses.Heads):
    pass


class TestBodies(clauses_of_responses.Bodies):
    pass


class TestLocalRedirects(clauses_of_responses.LocalRedirects):
    pass
