"""/pause, /panic and /resume: what is halted stays halted, over a restart too, and nothing that came is lost."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from telethon.tl import functions

from jobs_simulator.model import ModelRequest, Reply, Stall, Text, ToolCall
from jobs_simulator.stage import Stage
from jobs_simulator.telegram import Account, Fault

pytestmark = pytest.mark.usefixtures("warm")

STALL_WORD = "считай долго"
MEETING = "Встреча в 15:00"


class Brain:
    """Echoes; the owner's session writes to Мария when asked to; a request with the stall's word hangs."""

    def __init__(self) -> None:
        self.stall = Stall()

    async def __call__(self, request: ModelRequest) -> Reply:
        text = request.last_user_text
        if "напиши" in text and not request.tool_results:
            return Reply(ToolCall("mcp__jobs__send_to_user", {"user": "Мария", "text": MEETING}))
        if STALL_WORD in text:
            return Reply(Text("Считаю"), self.stall, Text(" и досчитал"))
        return Reply(Text(f"ECHO: {text}"))


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with Stage(tmp_path, Brain()) as stage:
        yield stage


@pytest.fixture
def maria(stage: Stage) -> Account:
    return stage.telegram.add_user("Мария", "Иванова", username="masha", phone="79000000003", lang_code="ru")


def trouble_with(stage: Stage, person: Account) -> None:
    """Telegram fails whenever Jobs writes to this person."""

    def is_theirs(request: Any) -> bool:
        return getattr(request.peer, "user_id", None) == person.id

    request = functions.messages.SendMessageRequest
    stage.telegram.faults.add(Fault(request, stage.jobs, when=is_theirs, times=None, error=(500, "INTERNAL")))


def said_to(stage: Stage, person: Account) -> list[str]:
    return [message.text for message in stage.telegram.messages(person, stage.jobs) if not message.out]


async def test_while_paused_others_wait_and_the_owner_is_answered_until_resume(stage: Stage, maria: Account) -> None:
    program = await stage.start()
    async with stage.person(stage.owner) as owner, stage.person(maria) as person:
        await owner.ask("/пауза", "их сообщения ждут", "/resume")
        await person.say("Это Мария, вы тут?")
        await person.ask("/tasks", "задач нет")  # so what she wrote before has been taken
        await program.stop()
        await stage.start()
        await owner.ask("а мне ответишь?", "ECHO: а мне ответишь?")
        await owner.ask("/status", "Пауза", "Мария Иванова: ждут 1")
        assert not [text for text in person.heard if "ECHO" in text]
        await owner.ask("/resume", "Ждут ответа: 1")
        await person.expect("ECHO: Это Мария, вы тут?")
        await owner.ask("/resume", "Ничего не остановлено")


async def test_panic_stops_all_and_shows_what_was_about_to_happen_and_resume_lets_it_go_on(
    stage: Stage, maria: Account
) -> None:
    brain = stage.model.brain
    assert isinstance(brain, Brain)
    program = await stage.start()
    async with stage.person(stage.owner) as owner, stage.person(maria) as person:
        await person.ask("Здравствуйте, это Мария", "ECHO")
        trouble_with(stage, maria)
        await owner.ask("напиши Марии", "ECHO")
        await owner.say(STALL_WORD)
        request = await stage.model.wait_for_request(lambda request: STALL_WORD in request.last_user_text)
        await brain.stall.reached()

        told = await owner.ask("/panic", "Всё остановлено", "/resume")
        assert "Иван Петров, уже сделано: нет" in told
        assert f"→ Мария Иванова: {MEETING}" in told
        assert await request.closed_early
        stage.telegram.faults.clear()

        await program.kill()
        await stage.start()
        asked = len(stage.model.requests)
        await person.say("Ау?")
        await owner.say("и что теперь?")
        await owner.ask("/status", "остановлено по /panic", "Ждут ответа: 2, ждут отправки: 2")
        await owner.ask("/help", "/panic")
        await person.say("/help")
        await owner.ask("/паника", "Ничего не выполнялось", f"→ Мария Иванова: {MEETING}")
        assert MEETING not in said_to(stage, maria)
        assert len(stage.model.requests) == asked, "no turn is begun"

        await owner.ask("/продолжить", "Продолжаю")
        await owner.expect("ECHO: и что теперь?")
        await person.expect(MEETING)
        await person.expect("ECHO: Ау?")
        assert said_to(stage, maria).count(MEETING) == 1
        assert not [text for text in owner.heard if "досчитал" in text], "what was broken off stays so"


async def test_panic_stops_the_notes_of_a_conversation_too_and_they_are_made_after_resume(stage: Stage) -> None:
    stall = Stall()
    answers = [Reply(stall, Text("- купили билеты")), Reply(Text("- купили билеты"))]

    async def aside(_request: ModelRequest) -> Reply:
        return answers.pop(0)

    stage.model.aside = aside
    program = await stage.start(MEMORY_MODEL="haiku")
    async with stage.person(stage.owner) as owner:
        await owner.ask("купил билеты", "ECHO")
        await owner.ask("/new", "новый разговор")
        await stall.reached()
        await owner.ask("/panic", "Всё остановлено")
        async with asyncio.timeout(10):
            assert await stage.model.side_requests[0].closed_early
        await owner.ask("/new", "новый разговор")
        await owner.ask("/resume", "Продолжаю")
        assert len(stage.model.side_requests) == 1, "none is begun while all is stopped"
        assert await program.stop() == 0
    assert "купили билеты" in "".join(path.read_text(encoding="utf-8") for path in stage.workspace.glob("memory/*.md"))


async def test_what_was_about_to_go_out_can_be_taken_back_and_its_writer_knows(stage: Stage, maria: Account) -> None:
    await stage.start()
    async with stage.person(stage.owner) as owner, stage.person(maria) as person:
        await person.ask("Здравствуйте, это Мария", "ECHO")
        trouble_with(stage, maria)
        await owner.ask("напиши Марии", "ECHO")
        await owner.ask("/panic clear", MEETING)  # it only freezes while nothing is frozen
        await owner.ask("/panic clear", "Не отправлю: 1")
        stage.telegram.faults.clear()
        await owner.ask("/resume", "ждут отправки: 0")
        await owner.ask("дошло?", "ECHO")
        assert "taken back by the owner" in stage.model.requests[-1].context_text
        assert MEETING not in said_to(stage, maria)


async def test_a_person_whose_answer_was_broken_off_is_told_so_after_resume(stage: Stage, maria: Account) -> None:
    brain = stage.model.brain
    assert isinstance(brain, Brain)
    await stage.start()
    async with stage.person(stage.owner) as owner, stage.person(maria) as person:
        await person.say(STALL_WORD)
        await stage.model.wait_for_request(lambda _: True)
        await brain.stall.reached()
        await owner.ask("/panic", "Мария Иванова, уже сделано: нет")
        await owner.ask("/resume", "Продолжаю")
        await person.expect("прерван")
        await person.ask("ещё раз", "ECHO: ещё раз")
