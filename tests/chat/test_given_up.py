"""What could not be done or delivered: the session that wrote it knows, and `doctor` and `retry` deal with it."""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from telethon.tl import functions

from jobs_simulator import stage as stages
from jobs_simulator.model import ApiError, ModelRequest, Reply, Text, ToolCall
from jobs_simulator.stage import Stage
from jobs_simulator.telegram import Account, Fault

pytestmark = pytest.mark.usefixtures("warm")


class Brain:
    """Echoes, writes to Мария when asked to, and refuses what is "poison" until it is healed."""

    def __init__(self) -> None:
        self.healed = False

    async def __call__(self, request: ModelRequest) -> Reply:
        text = request.last_user_text
        if "напиши" in text and not request.tool_results:
            return Reply(ToolCall("mcp__jobs__send_to_user", {"user": "Мария", "text": "Встреча в 15:00"}))
        if "poison" in text and not self.healed:
            return Reply(ApiError(400))
        return Reply(Text(f"ECHO: {text}"))


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with Stage(tmp_path, Brain()) as stage:
        yield stage


@pytest.fixture
def maria(stage: Stage) -> Account:
    return stage.telegram.add_user("Мария", "Иванова", username="masha", phone="79000000003", lang_code="ru")


async def jobs(stage: Stage, *arguments: str) -> tuple[int, str]:
    """Run the program with these arguments; returns its exit code and what it printed."""
    process = await stages.start_python(
        "-m",
        "jobs",
        *arguments,
        env=stage.environment(LANG="en_US.UTF-8"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, output.decode()


@pytest.mark.cold
async def test_the_writer_knows_what_was_not_delivered_and_it_is_delivered_on_retry(
    stage: Stage, maria: Account
) -> None:
    await stage.start()
    async with stage.person(stage.owner) as owner, stage.person(maria) as person:
        await person.ask("Здравствуйте, это Мария", "ECHO")
        stage.telegram.block(by=maria, who=stage.jobs)
        await owner.say("напиши Марии")
        for words in ("ECHO: напиши", "Не удалось доставить"):  # in whichever order
            await stage.telegram.wait_for(lambda event, words=words: words in event.text, timeout=20)
        await owner.ask("что нового?", "ECHO: что нового?")
        told = stage.model.requests[-1].context_text
        assert "not delivered" in told
        assert "Мария Иванова" in told
        assert "UserIsBlocked" in told
        assert "Встреча в 15:00" in told
        await owner.ask("а теперь?", "ECHO")
        assert "UserIsBlocked" not in stage.model.requests[-1].context_text, "told once"

        code, shown = await jobs(stage, "doctor", "--quick")
        assert code == 1
        for part in ("O", "Мария Иванова", "UserIsBlocked", "Встреча в 15:00"):
            assert part in shown
        name = re.search(r"\bO\d+", shown)[0]
        maria.blocked.clear()
        assert await jobs(stage, "retry", name) == (0, f"{name}: Jobs is trying again.\n")
        await person.expect("Встреча в 15:00")
        assert (await jobs(stage, "doctor", "--quick"))[0] == 0


async def test_a_persons_session_knows_that_its_answer_was_not_read(stage: Stage, maria: Account) -> None:
    await stage.start()
    async with stage.person(stage.owner) as owner, stage.person(maria) as person:
        await person.ask("Здравствуйте, это Мария", "ECHO")
        request = functions.messages.SendMessageRequest
        stage.telegram.faults.add(
            Fault(request, stage.jobs, when=lambda sent: "и ещё" in sent.message, error="USER_IS_BLOCKED")
        )
        await person.say("и ещё одно")
        await owner.expect("Не удалось доставить", "и ещё одно")
        await person.ask("я вернулась", "ECHO: я вернулась")
        assert "ECHO: и ещё одно" in stage.model.requests[-1].context_text


async def test_a_turn_set_aside_is_listed_and_done_on_retry(stage: Stage, maria: Account) -> None:
    brain = stage.model.brain
    assert isinstance(brain, Brain)
    program = await stage.start()
    async with stage.person(stage.owner) as owner, stage.person(maria) as person:
        await person.say("poison")
        await owner.expect("Не справился", "./jobs retry T1")
        code, shown = await jobs(stage, "doctor", "--quick")
        assert code == 1
        for part in ("T1 ", "Мария Иванова", "poison"):
            assert part in shown
        brain.healed = True
        assert (await jobs(stage, "retry", "t1"))[0] == 0
        await person.expect("ECHO: poison")
        assert (await jobs(stage, "retry", "T1"))[0] == 1
        code, shown = await jobs(stage, "retry", "nonsense")
        assert (code, shown.count("\n")) == (2, 1)
        await program.stop()
        assert (await jobs(stage, "doctor", "--quick"))[0] == 0, "it works while Jobs is down, too"
