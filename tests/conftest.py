"""Fixtures for all tests: nothing of the machine's settings is seen, and a database with people is at hand."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
from tests.support import Spine, spine_in
from tests.warm import Nursery

from jobs import garbage
from jobs.config import Settings
from jobs_simulator import stage

hypothesis.settings.register_profile("jobs", deadline=None, database=None)  # a slow machine is no fault of the code's
hypothesis.settings.load_profile("jobs")


def pytest_sessionstart() -> None:
    garbage.loading()


def pytest_collection_finish() -> None:
    garbage.settle()


@pytest.fixture(autouse=True)
def _no_settings_of_the_machine(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    monkeypatch.setenv("HOME", str(tmp_path_factory.getbasetemp()))  # nor its shells' own files
    names = {name.upper() for name in Settings.model_fields} | {"HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "JOBS_ROOT"}
    for name in list(os.environ):
        if name.upper() in names - {"TZ"} or name.startswith(("ANTHROPIC_", "CLAUDE_")):
            monkeypatch.delenv(name)


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """In the place of pytest's own, whose paths are too long for the sockets of the CLI when tests run side by side."""
    with tempfile.TemporaryDirectory(prefix="t-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


@pytest.fixture
def spine(tmp_path: Path) -> Iterator[Spine]:
    with spine_in(tmp_path) as made:
        yield made


@pytest.fixture(scope="session")
def nursery() -> Iterator[Nursery]:
    """Where programs are forked that have their imports behind them."""
    made = Nursery()
    yield made
    made.close()


@pytest.fixture
def warm(request: pytest.FixtureRequest, nursery: Nursery, monkeypatch: pytest.MonkeyPatch) -> None:
    """Programs of this test start warm, see `tests/warm.py`, unless it is marked as cold."""
    if not request.node.get_closest_marker("cold"):
        monkeypatch.setattr(stage, "start_python", nursery.start)
