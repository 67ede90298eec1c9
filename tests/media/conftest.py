"""A desk, and the program running at it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.media.desk import Desk


@pytest.fixture(autouse=True)
def _warm(warm: None) -> None:
    """Every test here has a program of its own."""


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with Desk(tmp_path, MAX_UPLOAD_MB="1") as desk:
        await desk.start()
        yield desk
        assert not desk.telegram.world.bugs
