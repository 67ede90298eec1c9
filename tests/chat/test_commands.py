"""Commands are answered by code, a running turn can be stopped, and what comes meanwhile reaches it."""

from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from tests.rig import spoken

from jobs.memory.storage import MemoryStorage
from jobs_simulator.model import ModelRequest, Reply, Stall, Text, ToolCall
from jobs_simulator.stage import Stage

pytestmark = pytest.mark.usefixtures("warm")

STALL_WORD = "считай долго"


class Brain:
    """Echoes; a request with the stall's word hangs until it is released or closed."""

    def __init__(self) -> None:
        self.stall = Stall()

    async def __call__(self, request: ModelRequest) -> Reply:
        text = request.last_user_text
        if "поручи" in text and not request.tool_results:
            return Reply(ToolCall("mcp__jobs__memory_append", {"text": "важное"}))
        if text.startswith("touch") and not request.tool_results:
            return Reply(ToolCall("Bash", {"command": text, "description": "x"}))
        if STALL_WORD in text and "и ещё" not in text:
            return Reply(Text("Считаю"), self.stall, Text(" и досчитал"))
        return Reply(Text(f"ECHO: {text}"))


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with Stage(tmp_path, Brain()) as stage:
        yield stage


def stall_of(stage: Stage) -> Stall:
    brain = stage.model.brain
    assert isinstance(brain, Brain)
    return brain.stall


async def test_a_running_turn_is_stopped_at_once_and_says_what_was_done(stage: Stage) -> None:
    await stage.start()
    async with stage.person(stage.owner) as owner:
        for word in ("стоп", "/stop", "Хватит!"):
            asked = len(stage.model.requests)
            await owner.say(STALL_WORD)
            request = await stage.model.wait_for_request(lambda _: True, after=asked)
            await stall_of(stage).reached()
            await owner.ask(word, "остановлено")
            assert await request.closed_early
            await owner.ask("ты тут?", "ECHO", "ты тут?")
        await owner.say(f"поручи и {STALL_WORD}")
        await stage.model.wait_for_request(lambda request: bool(request.tool_results))
        await stall_of(stage).reached()
        await owner.ask("отмена", "уже сделано", "memory_append")
        await owner.ask("стоп", "ничего не выполняется")


async def test_what_is_said_meanwhile_reaches_the_running_turn_and_is_answered_once(stage: Stage) -> None:
    await stage.start()
    async with stage.person(stage.owner) as owner:
        await owner.say(STALL_WORD)
        await stage.model.wait_for_request(lambda _: True)
        await stall_of(stage).reached()
        await owner.say("и ещё вот это")
        stall_of(stage).release()
        answer = await owner.expect("вот это")
        assert "досчитал" in answer, "one answer takes both in"
        await owner.ask("дальше", "ECHO: дальше")
        assert len([text for text in owner.heard if "вот это" in text]) == 1


async def test_what_is_written_in_one_breath_is_one_turn(stage: Stage) -> None:
    await stage.start()
    async with stage.person(stage.owner) as owner:
        for text in ("раз", "два", "три"):  # the session is being opened meanwhile
            await owner.say(text)
        request = await stage.model.wait_for_request(lambda _: True)
        assert [text for text in spoken(request) if not text.startswith("<")] == ["раз", "два", "три"]
        await owner.expect("ECHO: раз\nдва\nтри")
        await owner.ask("дальше", "ECHO: дальше")
        assert len([text for text in owner.heard if "ECHO" in text]) == 2


async def test_commands_are_answered_by_code_in_the_persons_language(stage: Stage) -> None:
    maria = stage.telegram.add_user("Мария", "Иванова", username="masha", phone="79000000003", lang_code="ru")
    await stage.start()
    async with stage.person(stage.owner) as owner, stage.person(maria) as person:
        await person.ask("Добрый день, это Мария", "ECHO")
        await owner.ask("/people", "Мария Иванова")
        await owner.ask("/tasks", "Открытых задач нет")
        await owner.ask("/status", "на связи", "Версии: Jobs")
        spent = await owner.ask("/расход", "Мария Иванова", "Остальные", "$")
        assert f"{datetime.now(ZoneInfo('Europe/Moscow')):%Y-%m-%d}: 1 ход" in spent, "days are the owner's"
        await owner.ask("/help", "/usage", "/new", "/model", "/pause", "/panic", "/resume")
        await owner.ask("/new", "новый разговор")
        await person.ask("/help", "Иван Петров", "/tasks")
        await person.ask("/tasks", "Открытых задач нет")
        await person.ask("/usage", "ECHO")  # not a command for her: her session gets it as words
        texts = [request.last_user_text for request in stage.model.requests]
        assert texts == ["Добрый день, это Мария", "/usage"]


async def test_the_owner_sees_what_is_remembered_and_takes_the_last_change_back(stage: Stage) -> None:
    workspace = stage.workspace
    await stage.start()
    async with stage.person(stage.owner) as owner:
        await owner.ask("/memory", "ничего не запомнил")
        MemoryStorage(workspace).append("любит чай")
        MemoryStorage(workspace).append("живёт в Твери")
        await owner.ask("/память", "любит чай", "живёт в Твери")
        await owner.ask("/memory undo 1", "с тех пор меняли")
        await owner.ask("/memory undo 2", "Отменил")
        assert "Твери" not in await owner.ask("/memory", "любит чай")
        storage = MemoryStorage(workspace)
        storage.append("живёт в Казани")
        await owner.ask("/memory undo 2", "с тех пор меняли")  # the button of a message from before
        storage.memory.write_text(storage.memory.read_text(encoding="utf-8").replace("Казани", "Омске"), "utf-8")
        await owner.ask("/memory undo", "переписали сами")
        await owner.ask("/memory undo", "Отменил")
        await owner.ask("/memory undo", "Возвращать нечего")
        await owner.ask("/memory", "живёт в Омске")


async def test_nothing_of_a_stopped_turn_goes_on(stage: Stage) -> None:
    """The CLI keeps messages that were queued behind an interrupted one: they must not run with nobody watching."""
    mark = stage.workspace / "ran_after_stop"
    await stage.start()
    async with stage.person(stage.owner) as owner:
        await owner.say(STALL_WORD)
        await stage.model.wait_for_request(lambda _: True)
        await stall_of(stage).reached()
        await owner.say(f"touch {mark}")
        await owner.ask("стоп", "остановлено")
        await owner.ask("что было?", "ECHO: что было?")
        assert not mark.exists()
        assert STALL_WORD in stage.model.requests[-1].context_text, "the session is told what was stopped"
        await owner.ask(f"touch {mark}", "ECHO")
        assert mark.exists(), "the same command does run when it is asked for"


async def test_a_stop_does_not_touch_what_was_written_after_it(stage: Stage) -> None:
    async with stage.person(stage.owner) as owner:
        for text in ("первое", "стоп", "второе, важное"):
            await owner.say(text)
        await stage.start()
        await owner.expect("ECHO: второе, важное")
        assert not [text for text in owner.heard if "первое" in text]


async def test_a_bare_stop_word_of_another_person_is_an_answer_when_nothing_runs(stage: Stage) -> None:
    maria = stage.telegram.add_user("Мария", username="masha", phone="79000000003", lang_code="ru")
    await stage.start()
    async with stage.person(maria) as person:
        await person.ask("отмена", "ECHO: отмена")


async def test_a_new_conversation_is_answered_though_jobs_is_killed_as_soon_as_it_has_the_command(stage: Stage) -> None:
    program = await stage.start()
    async with stage.person(stage.owner) as owner:
        await owner.ask("запомни слово", "ECHO")
        seen = len(stage.telegram.log)
        await owner.say("/new")
        await stage.telegram.wait_for(lambda event: event.kind == "read", since=seen)
        await program.kill()
        await stage.start()
        await owner.expect("новый разговор")
