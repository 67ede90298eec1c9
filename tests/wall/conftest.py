"""These tests are about a session's locks, each of which has to hold by itself: the kernel's walls are left out."""

import pytest


@pytest.fixture(autouse=True)
def _no_kernel_walls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jobs.walls.plan.landlock_abi", lambda: 0)
