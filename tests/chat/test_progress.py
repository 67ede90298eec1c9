"""What the owner sees while a turn works: one message, which is gone when the answer comes."""

from pathlib import Path

import pytest

from jobs_simulator.model import ModelRequest, Reply, Stall, Text, ToolCall
from jobs_simulator.stage import Stage
from jobs_simulator.telegram import Fault

pytestmark = pytest.mark.usefixtures("warm")


class Brain:
    """Runs a command, then hangs in the middle of its answer until it is released."""

    def __init__(self) -> None:
        self.stall = Stall()

    async def __call__(self, request: ModelRequest) -> Reply:
        if not request.tool_results:
            return Reply(ToolCall("Bash", {"command": "echo sk-loopback-dummy", "description": "x"}))
        return Reply(Text("Вот что "), self.stall, Text("вышло"))


async def what_stays(stage: Stage) -> list[str]:
    """The owner's chat once every progress message is gone (a slow start makes a second one)."""
    while True:
        seen = len(stage.telegram.log)
        left = [message.text for message in stage.telegram.messages(stage.owner, stage.jobs)]
        if not any("Работаю" in text for text in left):
            return left
        await stage.telegram.wait_for(lambda event: event.kind == "delete", timeout=20, since=seen)


async def test_one_progress_message_that_goes_when_the_answer_comes(tmp_path: Path) -> None:
    brain = Brain()
    async with Stage(tmp_path, brain) as stage:
        await stage.start()
        async with stage.person(stage.owner) as owner:
            await owner.say("сделай")
            await owner.expect_silent("Работаю")
            shown = await stage.telegram.wait_for(lambda event: "выполняю команду: echo" in event.text, timeout=20)
            assert "sk-loopback-dummy" not in shown.text, "a secret is masked"
            edited = await stage.telegram.wait_for(
                lambda event: event.kind == "edit", timeout=20, since=stage.telegram.log.index(shown) + 1
            )
            assert "Работаю" in edited.text
            brain.stall.release()
            await owner.expect("Вот что вышло")
            assert await what_stays(stage) == ["сделай", "Вот что вышло"]


async def test_a_progress_message_of_a_killed_run_is_removed_at_the_next_start(tmp_path: Path) -> None:
    brain = Brain()
    async with Stage(tmp_path, brain) as stage:
        program = await stage.start()
        async with stage.person(stage.owner) as owner:
            await owner.say("сделай")
            await owner.expect_silent("Работаю")
            edited = await stage.telegram.wait_for(lambda event: event.kind == "edit", timeout=10)
            await program.kill()
            brain.stall.release()
            await stage.start()
            await owner.expect("Вот что вышло")
            assert await what_stays(stage) == ["сделай", "Вот что вышло"], edited


async def test_one_that_arrived_although_its_sending_failed_goes_too(tmp_path: Path) -> None:
    brain = Brain()
    async with Stage(tmp_path, brain) as stage:
        stage.telegram.faults.add(
            Fault("SendMessage", stage.jobs, when=lambda request: "Работаю" in request.message, cut="after")
        )
        await stage.start()
        async with stage.person(stage.owner) as owner:
            await owner.say("сделай")
            await stage.telegram.wait_for(lambda event: event.kind == "edit", timeout=10)
            brain.stall.release()
            await owner.expect("Вот что вышло")
            await stage.telegram.wait_for(lambda event: event.kind == "delete", timeout=10)
            left = [message.text for message in stage.telegram.messages(stage.owner, stage.jobs)]
            assert left == ["сделай", "Вот что вышло"]


async def test_text_streaming_shows_the_answer_as_it_grows(tmp_path: Path) -> None:
    brain = Brain()
    async with Stage(tmp_path, brain) as stage:
        await stage.start(STREAMING="text")
        async with stage.person(stage.owner) as owner:
            await owner.say("сделай")
            await stage.telegram.wait_for(
                lambda event: event.kind in ("message", "edit") and "Вот что" in event.text, timeout=10
            )
            brain.stall.release()
            await owner.expect("Вот что вышло")
