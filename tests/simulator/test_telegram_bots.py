"""Bots: what they may not do, their buttons and their menu."""

import asyncio
from typing import Any

import pytest
from telethon import Button, errors, events, functions, types
from tests.simulator.conftest import queue_of

from jobs_simulator.telegram import Account, TelegramSimulator


@pytest.fixture
def bot(sim: TelegramSimulator) -> Account:
    return sim.add_bot("jobs_bot")


async def take(queue: "asyncio.Queue[Any]") -> Any:
    async with asyncio.timeout(5):
        return await queue.get()


async def test_a_bot_cannot_write_first(sim: TelegramSimulator, alice: Account, bob: Account, bot: Account) -> None:
    async with sim.connected(bot) as robot:
        target = await robot.get_input_entity("alice_a")
        with pytest.raises(errors.PeerIdInvalidError):
            await robot.send_message(target, "buy now")
        sim.send(alice, bot, "/start")
        await robot.send_message(target, "welcome")
        sim.block(by=alice, who=bot)
        with pytest.raises(errors.UserIsBlockedError):
            await robot.send_message(target, "come back")


async def test_a_bot_sees_no_dialogs_and_no_history(sim: TelegramSimulator, alice: Account, bot: Account) -> None:
    sim.send(alice, bot, "/start")
    async with sim.connected(bot) as robot:
        with pytest.raises(errors.BotMethodInvalidError):
            await robot.get_dialogs()
        with pytest.raises(errors.BotMethodInvalidError):
            await robot.get_messages("alice_a", limit=1)
        with pytest.raises(errors.BotMethodInvalidError):
            await robot.send_read_acknowledge("alice_a")


async def test_a_bot_talks_and_knows_the_language(sim: TelegramSimulator, bot: Account) -> None:
    masha = sim.add_user("Мария", lang_code="ru")
    async with sim.connected(bot) as robot, sim.connected(masha) as m:
        received = queue_of(robot, events.NewMessage)
        await m.send_message("jobs_bot", "привет")
        event = await take(received)
        assert (await event.get_sender()).lang_code == "ru"
        await event.reply("здравствуйте")
    assert [message.text for message in sim.messages(masha, bot)] == ["привет", "здравствуйте"]


async def test_a_button_is_pressed_and_answered(sim: TelegramSimulator, alice: Account, bot: Account) -> None:
    sim.send(alice, bot, "/start")
    async with sim.connected(bot) as robot, sim.connected(alice) as a:
        pressed = queue_of(robot, events.CallbackQuery)
        await robot.send_message(
            alice.id, "Allow?", buttons=[[Button.inline("Yes", b"yes"), Button.inline("No", b"no")]]
        )
        message = (await a.get_messages("jobs_bot", limit=1))[0]
        click = asyncio.create_task(message.click(data=b"yes"))
        event = await take(pressed)
        assert (event.data, event.sender_id, event.message_id) == (b"yes", alice.id, sim.messages(bot, alice)[-1].id)
        await event.answer("Done")
        await event.edit("Allowed", buttons=None)
        assert (await click).message == "Done"
        changed = await a.get_messages("jobs_bot", ids=message.id)
        assert (changed.raw_text, changed.buttons) == ("Allowed", None)
        with pytest.raises(errors.DataInvalidError):
            await message.click(data=b"yes")


async def test_a_bot_that_does_not_answer_times_out(sim: TelegramSimulator, alice: Account, bot: Account) -> None:
    sim.send(alice, bot, "/start")
    sim.world.button_timeout = 0.01
    async with sim.connected(bot) as robot, sim.connected(alice) as a:
        await robot.send_message(alice.id, "Allow?", buttons=Button.inline("Yes", b"yes"))
        message = (await a.get_messages("jobs_bot", limit=1))[0]
        with pytest.raises(errors.BotResponseTimeoutError):
            await a(functions.messages.GetBotCallbackAnswerRequest("jobs_bot", message.id, data=b"yes"))


async def test_a_user_account_cannot_send_buttons(sim: TelegramSimulator, alice: Account, bob: Account) -> None:
    async with sim.connected(alice) as a:
        await a(
            functions.messages.SendMessageRequest(
                await a.get_input_entity("bob_b"),
                "press",
                reply_markup=a.build_reply_markup(Button.inline("Yes", b"yes")),
            )
        )
    assert sim.messages(bob, alice)[0].reply_markup is None


async def test_a_bot_has_a_menu(sim: TelegramSimulator, alice: Account, bot: Account) -> None:
    async with sim.connected(bot) as robot, sim.connected(alice) as a:
        commands = [types.BotCommand("tasks", "my tasks")]
        await robot(functions.bots.SetBotCommandsRequest(types.BotCommandScopeDefault(), "", commands))
        assert (await sim.wait_for(lambda event: event.kind == "commands")).text == "tasks"
        full = await a(functions.users.GetFullUserRequest("jobs_bot"))
        assert [command.command for command in full.full_user.bot_info.commands] == ["tasks"]
        with pytest.raises(errors.UserBotRequiredError):
            await a(functions.bots.SetBotCommandsRequest(types.BotCommandScopeDefault(), "", commands))


async def test_pressing_start(sim: TelegramSimulator, alice: Account, bot: Account) -> None:
    async with sim.connected(alice) as a:
        await a(functions.messages.StartBotRequest("jobs_bot", "jobs_bot", "invite"))
    assert [message.text for message in sim.messages(bot, alice)] == ["/start invite"]
