"""As a bot: a menu for each in their language, and buttons that do what the typed command does, once."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from telethon import TelegramClient, errors
from telethon.tl import functions
from tests.chat.test_tasks import Brain

from jobs_simulator.chat import Chat
from jobs_simulator.model import echo
from jobs_simulator.stage import Stage
from jobs_simulator.telegram import Account

pytestmark = pytest.mark.usefixtures("warm")


class BotStage:
    """A stage on which Jobs is a bot that the owner has written to."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.bot = stage.telegram.add_bot("jobs_bot")
        self.data = stage.folder / "bot"
        self.data.mkdir()
        stage.telegram.write_session(self.bot, self.data / "telethon.session")
        stage.telegram.send(stage.owner, self.bot, "/start")

    async def start(self) -> None:
        await self.stage.start(TG_BOT_TOKEN=self.bot.token or "", DATA_DIR=str(self.data))

    @asynccontextmanager
    async def person(self, account: Account) -> AsyncIterator[Chat]:
        async with self.stage.telegram.connected(account) as client:
            yield Chat(client, self.bot)

    async def last(self, client: TelegramClient) -> Any:
        return (await client.get_messages("jobs_bot", limit=1))[0]

    async def without_buttons(self, text: str) -> None:
        """Wait until a message with this text is edited (to have no buttons any more)."""
        event = await self.stage.telegram.wait_for(
            lambda event: event.kind == "edit" and event.account is self.bot and text in event.text, timeout=10
        )
        assert event.message is not None
        assert event.message.reply_markup is None


@pytest.fixture
async def bots(tmp_path: Path) -> AsyncIterator[BotStage]:
    async with Stage(tmp_path, echo) as stage:
        yield BotStage(stage)
        assert not stage.telegram.world.bugs
        assert not stage.telegram.unsupported


async def test_each_sees_the_commands_they_may_give_in_their_language(bots: BotStage) -> None:
    paul = bots.stage.telegram.add_user("Paul", username="paul", lang_code="de")
    await bots.start()
    await bots.stage.telegram.wait_for(lambda event: len(bots.bot.menus) == 4, timeout=10)
    shown = {}
    for account in (bots.stage.owner, paul):
        async with bots.stage.telegram.connected(account) as client:
            full = await client(functions.users.GetFullUserRequest("jobs_bot"))
            shown[account.first_name] = {each.command: each.description for each in full.full_user.bot_info.commands}
    assert list(shown["Paul"]) == ["stop", "tasks", "pause", "resume", "human", "forget", "help"]
    assert shown["Paul"]["tasks"] == "your tasks"
    assert {"new", "status", "usage", "model", "people", "pause", "resume", "panic"} < set(shown["Иван"])
    assert shown["Иван"]["tasks"] == "кто что должен"


async def test_a_button_does_what_its_command_does_and_goes(bots: BotStage) -> None:
    await bots.start()
    async with bots.person(bots.stage.owner) as owner:
        await owner.ask("/pause", "Другим пока не отвечаю")
        message = await bots.last(owner.client)
        assert [[button.text for button in row] for row in message.buttons] == [["Продолжить"]]
        await message.click(0)
        await owner.expect("Продолжаю")
        await bots.without_buttons("Другим пока не отвечаю")
        with pytest.raises(errors.DataInvalidError):
            await message.click(0)

        await owner.ask("/model", "/model ИМЯ")
        await (await bots.last(owner.client)).click(text="sonnet")
        await owner.expect("вам отвечает sonnet")
        await owner.ask("привет", "ECHO")
        assert "sonnet" in bots.stage.model.requests[-1].model

        await owner.ask("/panic", "Всё остановлено")
        await (await bots.last(owner.client)).click(text="Продолжить")
        await owner.expect("Продолжаю")


async def test_a_task_is_answered_by_buttons_and_another_persons_press_does_nothing(tmp_path: Path) -> None:
    async with Stage(tmp_path, Brain()) as stage:
        bots = BotStage(stage)
        paul, eve = (stage.telegram.add_user(name, username=name.lower(), lang_code="en") for name in ("Paul", "Eve"))
        await bots.start()
        async with bots.person(stage.owner) as owner, bots.person(paul) as person, bots.person(eve) as other:
            await person.ask("hello", "ECHO")
            await other.ask("hello", "ECHO")
            await owner.ask('create_user_task {"user": "Paul", "title": "Send the report"}', "RESULT")
            await person.expect("Send the report")
            task = await bots.last(person.client)
            labels = ["I take it", "I can't", "Another time", "A question", "Done"]
            assert [button.text for row in task.buttons for button in row] == labels
            requests = len(stage.model.requests)
            theirs = stage.telegram.messages(eve, bots.bot)[-1]
            copy = bots.bot.box.copy_of(theirs.uid)
            assert copy is not None
            theirs.reply_markup = copy.reply_markup = task.reply_markup  # as a client would that claims there is one
            data = task.reply_markup.rows[-1].buttons[0].type.data
            press = functions.messages.GetBotCallbackAnswerRequest("jobs_bot", theirs.id, data=data)
            assert "no longer works" in (await other.client(press)).message
            await task.click(text="I take it")
            await person.expect("you take task 1", "5: done")
            await owner.expect("Paul", "accepted")
            await (await bots.last(person.client)).click(text="Done")
            await person.expect("is done")
            await owner.expect("Paul", "done", "/verify 1")
            assert len(stage.model.requests) == requests


async def test_a_press_that_means_nothing_to_a_person_does_nothing(bots: BotStage) -> None:
    """A client may send anything as a press, another's button and a spent one too."""
    paul = bots.stage.telegram.add_user("Paul", username="paul", lang_code="en")
    await bots.start()
    async with bots.person(bots.stage.owner) as owner, bots.person(paul) as other:
        await owner.ask("/pause", "Другим пока не отвечаю")
        markup = (await bots.last(owner.client)).reply_markup
        data = markup.rows[0].buttons[0].type.data
        await other.ask("/help", "AI assistant")
        copy = bots.bot.box.copy_of(bots.stage.telegram.messages(paul, bots.bot)[-1].uid)
        theirs = bots.stage.telegram.messages(paul, bots.bot)[-1]
        assert copy is not None
        for message in (copy, theirs):
            message.reply_markup = markup  # as a client would that claims there is such a button
        for forged in (data, b"1:99", b"999999999999999999999:0", b"x", b"\xff:0"):
            markup.rows[0].buttons[0].type.data = forged
            answer = await other.client(
                functions.messages.GetBotCallbackAnswerRequest("jobs_bot", theirs.id, data=forged)
            )
            assert "no longer works" in answer.message
            for message in (copy, theirs):
                message.reply_markup = markup
        await owner.ask("/status", "Пауза")
