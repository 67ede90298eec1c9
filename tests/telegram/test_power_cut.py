"""What a power cut takes back is done again, and what Telegram has is known for one's own."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.disk import Disk
from tests.telegram.post import Post
from tests.telegram.test_sending import met, said, say

from jobs.telegram import progress
from jobs_simulator.telegram import Account, TelegramSimulator


@pytest.fixture
def disk() -> Iterator[Disk]:
    with Disk() as watched:
        yield watched


async def test_a_message_that_a_power_cut_took_is_read_again_once(
    sim: TelegramSimulator, tmp_path: Path, jobs: Account, owner: Account, masha: Account, disk: Disk
) -> None:
    async with Post(sim, tmp_path / "a", jobs, owner) as mail:
        await mail.until_read(sim.send(masha, jobs, "one"))
        sim.send(masha, jobs, "two")
        await mail.until_arrived("one", "two")
        disk.leave(tmp_path / "b" / "data")
    async with Post(sim, tmp_path / "b", jobs, owner) as mail:
        assert mail.texts() == ["one", "two"]


async def test_an_answer_that_went_out_before_a_power_cut_goes_out_once(
    sim: TelegramSimulator, tmp_path: Path, jobs: Account, owner: Account, masha: Account, disk: Disk
) -> None:
    async with Post(sim, tmp_path / "a", jobs, owner) as mail:
        await met(mail, masha)
        say(mail, masha, "the answer")
        await mail.until_sent("the answer")
        disk.leave(tmp_path / "b" / "data")
    async with Post(sim, tmp_path / "b", jobs, owner) as mail:
        assert mail.db.value("SELECT count(*) FROM outbox") == 1
        await mail.sender.drain(5)
        assert mail.states("outbox") == ["sent"]
    assert said(mail, masha) == ["the answer"]


@pytest.mark.parametrize("moment", ["message", "edit"])
async def test_the_progress_message_that_a_power_cut_left_in_saved_messages_is_not_answered(
    sim: TelegramSimulator, tmp_path: Path, owner: Account, disk: Disk, monkeypatch: pytest.MonkeyPatch, *, moment: str
) -> None:
    monkeypatch.setattr(progress, "FIRST_AFTER", 0.0)
    monkeypatch.setattr(progress, "EDIT_EVERY", 0.05 if moment == "edit" else 3600)
    async with Post(sim, tmp_path / "a", owner, owner) as mail:
        mail.presence._streaming = "progress"
        async with mail.presence.working(owner.id):
            await sim.wait_for(lambda event: event.kind == moment and event.text.startswith("Working"), timeout=5)
            disk.leave(tmp_path / "b" / "data")
            async with Post(sim, tmp_path / "b", owner, owner) as after:
                sim.send(owner, owner, "go on")
                await after.until_arrived("go on")
