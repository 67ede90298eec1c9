"""The one timer to what is due next."""

import asyncio
from datetime import datetime

import pytest
from tests.support import Spine

from jobs.tools import timer as timer_module
from jobs.tools.timer import Timer


async def test_whatever_goes_wrong_once_what_is_due_is_looked_at_again(
    spine: Spine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timer_module, "FAULT_PAUSE", 0)
    again = asyncio.Event()
    failures = iter([IndexError("on the way")])

    def fire() -> datetime | None:
        for failure in failures:
            raise failure
        again.set()
        return None

    timer = Timer(spine.db, fire)
    timer.start()  # and a start does not fail by it
    async with asyncio.timeout(5):
        await again.wait()
    timer.stop()
