"""Tasks through the real program: commands, buttons' words, read receipts, proofs, a person's own side."""

import json
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from telethon.tl import functions
from tests.media.desk import named

from jobs.db import Database
from jobs_simulator.model import ModelRequest, Reply, Text, ToolCall
from jobs_simulator.stage import Stage
from jobs_simulator.telegram import Account

pytestmark = pytest.mark.usefixtures("warm")


class Brain:
    """Calls the tool that it is told to: `name {json}`; else echoes."""

    async def __call__(self, request: ModelRequest) -> Reply:
        text = request.last_user_text.splitlines()[-1]  # the first line of a message with a file names it
        name, _, arguments = text.partition(" ")
        if arguments.startswith("{") and not request.tool_results:
            return Reply(ToolCall(f"mcp__jobs__{name}", json.loads(arguments)))
        if request.tool_results:
            return Reply(Text(f"RESULT: {request.tool_results[-1].text}"))
        return Reply(Text(f"ECHO: {text}"))


class World:
    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.masha: Account = stage.telegram.add_user(
            "Мария", "Иванова", username="masha", phone="79000000003", lang_code="ru", contact_of=(stage.jobs,)
        )

    def db(self, sql: str, *values: Any) -> Any:
        """A look into the program's database."""
        database = Database(self.stage.data / "db.sqlite")
        try:
            return database.value(sql, values)
        finally:
            database.close()


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with Stage(tmp_path, Brain()) as stage:
        yield World(stage)


async def test_the_first_message_waits_for_the_owners_yes_and_is_then_seen(world: World) -> None:
    await world.stage.start()
    async with world.stage.person(world.stage.owner) as owner, world.stage.person(world.masha) as masha:
        await owner.say('create_user_task {"user": "Маше", "title": "Прислать отчёт", "deadline": "2099-01-05"}')
        await owner.expect("ещё не писал(а)", "│ Задача 1: Прислать отчёт")
        await owner.expect("RESULT", '"held": 1')
        assert masha.heard == []
        await owner.ask("да", "отправляю: Мария Иванова")
        await masha.expect("Пишет Jobs, ИИ-ассистент", "Прислать отчёт")
        await owner.ask(
            "/tasks", "Мария Иванова", "Прислать отчёт", "передана", "напомню: воскресенье, 4 января, 10:00"
        )
        await owner.ask("/people", "Мария Иванова", "открытых задач: 1")
        peer = await masha.client.get_input_entity("jobs_assistant")
        await masha.client(functions.messages.ReadHistoryRequest(peer, 2**31 - 1))
        await masha.ask("/tasks", "Прислать отчёт")
        await owner.ask("/tasks", "прочитана")
        await owner.ask("да", "ECHO: да")


async def test_a_proof_is_sent_on_returned_with_words_and_verified(world: World) -> None:
    await world.stage.start(CONFIRM_FIRST_MESSAGES="0")
    async with world.stage.person(world.stage.owner) as owner, world.stage.person(world.masha) as masha:
        await owner.ask('create_user_task {"user": "Маше", "title": "Прислать отчёт"}', "RESULT")
        await masha.expect("Прислать отчёт")
        peer = await masha.client.get_input_entity("jobs_assistant")
        call = 'update_task {"task_id": 1, "status": "done", "comment": "вот отчёт, посмотрите, всё ли там так"}'
        await masha.client.send_file(peer, named(b"%PDF-1.4 report", "отчёт.pdf"), caption=call)
        await masha.expect("RESULT", "done")
        await owner.expect("выполнена", "Приложено файлов: 1", "/verify 1")
        sent = await world.stage.telegram.wait_for(
            lambda event: (
                event.kind == "message"
                and bool(event.message and event.message.media)
                and event.account is world.stage.jobs
            ),
            timeout=20,
        )
        assert sent.message is not None
        await owner.ask("/return 1 нет подписи", "возвращена")
        await masha.expect("пока не принята", "нет подписи")
        await masha.ask(call, "RESULT", "done")
        await owner.ask("/verify 1", "проверена")
        await masha.expect("принята. Спасибо")


async def test_a_contact_answers_by_number_and_no_model_is_asked(world: World) -> None:
    await world.stage.start(CONFIRM_FIRST_MESSAGES="0")
    async with world.stage.person(world.stage.owner) as owner, world.stage.person(world.masha) as masha:
        await owner.ask('create_user_task {"user": "Маше", "title": "Прислать отчёт"}', "RESULT")
        await masha.expect("Прислать отчёт", "1 — беру, 2 — не могу")
        requests = len(world.stage.model.requests)
        await masha.ask("1", "задача 1 «Прислать отчёт» за вами", "5 — сделано")
        await owner.expect("Мария Иванова", "принята")
        peer = await masha.client.get_input_entity("jobs_assistant")
        await masha.client.send_file(peer, named(b"%PDF-1.4 report", "отчёт.pdf"), caption="5")
        await masha.expect("сделана")
        await owner.expect("выполнена", "Приложено файлов: 1", "/verify 1")
        await owner.ask("/return 1 нет подписи", "возвращена")
        await masha.expect("пока не принята", "нет подписи", "5 — сделано")
        assert world.db("SELECT count(*) FROM task_proofs") == 1
        await masha.ask("3", "на какой день и час")
        assert len(world.stage.model.requests) == requests
        await masha.ask("5", "ECHO: 5")
        body = str(world.stage.model.requests[-1].body)
        assert "на какой день и час" in body
        assert "сделана" in body
        proposal = 'update_task {"task_id": 1, "status": "proposal", "deadline": "2099-01-05T18:00"}'
        await masha.ask(proposal, "RESULT", "owner_is_asked")
        await owner.expect("предлагает", "/agree 1")
        handover = next(
            each for each in await masha.client.get_messages(peer, limit=20) if "1 — беру" in (each.message or "")
        )
        await masha.client.send_message(peer, "готово", reply_to=handover.id)
        await masha.expect("is done")  # her last long message was no Russian
        assert len(world.stage.model.requests) == requests + 3


async def test_a_person_mutes_asks_for_the_human_and_is_forgotten(world: World) -> None:
    await world.stage.start(CONFIRM_FIRST_MESSAGES="0")
    async with world.stage.person(world.stage.owner) as owner, world.stage.person(world.masha) as masha:
        await masha.ask("привет, это тайна", "ECHO")
        await owner.ask('create_user_task {"user": "Маше", "title": "Прислать отчёт"}', "RESULT")
        await masha.expect("Прислать отчёт")
        await masha.ask("/pause 3", "Не напоминаю до")
        assert datetime.fromisoformat(world.db("SELECT muted_until FROM external_users"))
        await masha.ask("/resume", "Снова напоминаю")
        await masha.ask("Хочу поговорить с человеком!", "Передал: Иван Петров")
        await owner.expect("Мария Иванова (@masha) хочет говорить с вами лично")
        await masha.ask("/forget", "Мария Иванова, @masha", "задач: 1", "/forget yes")
        await masha.ask("/forget yes", "Удалил")
        await owner.expect("попросил(а) удалить", "Прислать отчёт")
        assert world.db("SELECT count(*) FROM external_users") == 0
        assert not (world.stage.data / "sessions" / f"{world.masha.id}.session").exists()
        assert not (world.stage.data / "claude" / str(world.masha.id)).exists()
        await masha.ask("/tasks", "Открытых задач нет")
        await masha.ask("снова я", "ECHO: снова я")
        assert "тайна" not in str(world.stage.model.requests[-1].body)


async def test_the_owners_commands_are_words_to_everyone_else(world: World) -> None:
    await world.stage.start(CONFIRM_FIRST_MESSAGES="0")
    async with world.stage.person(world.masha) as masha:
        for words in ("/verify 1", "/send 1", "/people", "/cancel 1", "да"):
            await masha.ask(words, f"ECHO: {words}")
        help_ = await masha.ask("/help", "/forget")
        for name in ("verify", "panic", "people", "send"):
            assert f"/{name}" not in help_
