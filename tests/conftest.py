"""Setup of all tests: SIGINT, the garbage collector, the matrix, and the distribution among workers.

Knows signals, the garbage collector, Hypothesis and xdist's scheduler. tests/work.py knows the units of work, and
tests/matrix.py the tests of the matrix.
"""

import contextlib
import gc
import importlib
import signal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.matrix import in_matrix
from tests.work import units

# On a busy machine one example may take long; pytest's time limit is for the whole test.
settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy")

# A shell without job control starts background jobs with SIGINT ignored; each server that a test starts inherits that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@settings(max_examples=1, database=None)
@given(st.none())
def start_hypothesis(_: None) -> None:
    """Let Hypothesis create its random generators before the freeze of pytest_collection_finish()."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection(session: pytest.Session) -> None:
    """Disable the garbage collector during the collection of tests, which leaves no garbage. It would take a quarter of
    that time.
    """
    gc.disable()
    if worker := getattr(session.config, "workerinput", None):
        import_tests(session.config, int(worker["workerid"].removeprefix("gw")) / worker["workercount"])


def import_tests(config: pytest.Config, start: float) -> None:
    """Import the test modules in the given folders, from this fraction of their list on, and then those before it.

    The first import of a module compiles it and writes the compiled file, which takes longer than the rest of the
    collection. In the same order, all workers of a new clone would compile the same module at the same time.
    """
    folders = [config.invocation_params.dir / place for place in config.args]
    files = [file for folder in folders for file in sorted(folder.rglob("test_*.py"))]
    first = int(len(files) * start)
    for file in files[first:] + files[:first]:
        # pytest imports a module that failed once more, and reports the error.
        with contextlib.suppress(Exception, pytest.skip.Exception):
            importlib.import_module(".".join(file.with_suffix("").relative_to(config.rootpath).parts))


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of the matrix, before pytest selects tests by their marks."""
    for item in items:
        if in_matrix(item.nodeid):
            item.add_marker("matrix")


def pytest_collection_finish() -> None:
    """Freeze the many thousands of test objects, which live to the end. This makes garbage collections in tests faster.

    Hypothesis must start before the freeze. From Python 3.14 on, it finds no referrer after a freeze, and issues a
    warning.
    """
    start_hypothesis()
    gc.enable()
    gc.collect()
    gc.freeze()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> object:
    """Return the scheduler for `--dist loadfile`."""
    if config.getvalue("dist") != "loadfile":
        return None
    from xdist.scheduler import LoadFileScheduling  # type: ignore[import-untyped]

    class Scheduler(LoadFileScheduling):  # type: ignore[misc]
        def schedule(self) -> None:
            if self.collection is None:
                found = units(next(iter(self.registered_collections.values())))
                self._units = {test: unit for unit, tests in found.items() for test in tests}
                self._places = {unit: place for place, unit in enumerate(found)}
            super().schedule()

        def _split_scope(self, nodeid: str) -> str:
            return self._units[nodeid]

        def _assign_work_unit(self, node: object) -> None:
            self.workqueue.move_to_end(min(self.workqueue, key=self._places.__getitem__), last=False)
            super()._assign_work_unit(node)

    return Scheduler(config, log)
