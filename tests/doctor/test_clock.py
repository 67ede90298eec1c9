"""The machine's clock against the Date of the loopback Messages API."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.support import settings

from jobs.doctor import others
from jobs.doctor.finding import Finding, Level
from jobs_simulator.model import ModelSimulator, fixed


async def clock(folder: Path, told: datetime | None) -> Finding:
    """What doctor says where the model's service tells this time."""
    async with ModelSimulator(fixed()) as service:
        service.set_clock(lambda: told)
        (found,) = [each async for each in others.clock(settings(folder, anthropic_base_url=service.url))]
    return found


@pytest.mark.parametrize(
    ("ahead", "level"),
    [
        (0, Level.OK),
        (-3, Level.OK),
        (15, Level.WARN),
        (-15, Level.WARN),
        (-200, Level.WARN),
        (90, Level.FAIL),
        (-7200, Level.FAIL),
    ],
)
async def test_a_clock_that_is_off_is_a_warning_and_one_that_telegram_refuses_a_failure(
    tmp_path: Path, ahead: int, level: Level
) -> None:
    found = await clock(tmp_path, datetime.now(UTC) - timedelta(seconds=ahead))
    assert found.level is level
    if level is Level.OK:
        assert found.key == "doctor_clock"
        return
    seconds = found.values["seconds"]
    assert abs(seconds - ahead) < 10  # the machine may be slow to ask
    assert all(f" {seconds} " in found.text(language) for language in ("en", "ru"))
    refused = all("Telegram" in found.text(language) for language in ("en", "ru"))
    assert refused is (level is Level.FAIL)


async def test_where_no_time_is_told_it_says_that_it_does_not_know(tmp_path: Path) -> None:
    silent = await clock(tmp_path, None)
    nobody = [each async for each in others.clock(settings(tmp_path / "b", anthropic_base_url="http://127.0.0.1:9"))]
    for found in (silent, *nobody):
        assert found.level is Level.WARN
        assert found.key == "doctor_clock_unknown"
        assert "right" not in found.text("en")
