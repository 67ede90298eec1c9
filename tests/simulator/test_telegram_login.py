"""Signing in by code, password, QR code and bot token, and out again."""

import asyncio

import pytest
from telethon import errors, events, functions

from jobs_simulator.telegram import TelegramSimulator


async def test_by_code(sim: TelegramSimulator) -> None:
    masha = sim.add_user("Мария", phone="79990001122")
    async with sim.connected(None) as client:
        await client.send_code_request("+7 999 000-11-22")
        with pytest.raises(errors.PhoneCodeInvalidError):
            await client.sign_in("+79990001122", "00000")
        assert (await client.sign_in("+79990001122", masha.login_code)).id == masha.id
        assert await client.is_user_authorized()


async def test_by_code_and_password(sim: TelegramSimulator) -> None:
    masha = sim.add_user("Мария", phone="79990001122", password="верблюд")
    async with sim.connected(None) as client:
        await client.send_code_request("79990001122")
        with pytest.raises(errors.SessionPasswordNeededError):
            await client.sign_in("79990001122", masha.login_code)
        assert not await client.is_user_authorized()
        with pytest.raises(errors.PasswordHashInvalidError):
            await client.sign_in(password="лошадь")
        assert (await client.sign_in(password="верблюд")).id == masha.id


async def test_the_code_also_comes_from_telegram_to_other_logins(sim: TelegramSimulator) -> None:
    masha = sim.add_user("Мария", phone="79990001122")
    received: asyncio.Queue[events.NewMessage.Event] = asyncio.Queue()
    async with sim.connected(masha) as phone, sim.connected(None) as client:
        phone.add_event_handler(received.put, events.NewMessage)
        await client.send_code_request("79990001122")
        async with asyncio.timeout(5):
            event = await received.get()
    assert event.chat_id == 777000
    assert masha.login_code in event.raw_text


async def test_nobody_has_this_number(sim: TelegramSimulator) -> None:
    async with sim.connected(None) as client:
        with pytest.raises(errors.PhoneNumberInvalidError):
            await client.send_code_request("12")
        await client.send_code_request("79990001122")
        with pytest.raises(errors.PhoneNumberUnoccupiedError):
            await client.sign_in("79990001122", "12345")


@pytest.mark.parametrize("scanned_by", ["simulator", "client"])
async def test_by_qr_code(sim: TelegramSimulator, scanned_by: str) -> None:
    masha = sim.add_user("Мария")
    async with sim.connected(masha) as phone, sim.connected(None) as client:
        login = await client.qr_login()
        waiting = asyncio.create_task(login.wait(timeout=5))
        await asyncio.sleep(0)
        if scanned_by == "client":
            await phone(functions.auth.AcceptLoginTokenRequest(login.token))
        else:
            sim.accept_login(masha, login.url)
        assert (await waiting).id == masha.id
        assert (await client.get_me()).id == masha.id


async def test_by_qr_code_and_password(sim: TelegramSimulator) -> None:
    masha = sim.add_user("Мария", password="верблюд")
    async with sim.connected(None) as client:
        login = await client.qr_login()
        waiting = asyncio.create_task(login.wait(timeout=5))
        await asyncio.sleep(0)
        sim.accept_login(masha, login.url)
        with pytest.raises(errors.SessionPasswordNeededError):
            await waiting
        assert (await client.sign_in(password="верблюд")).id == masha.id


async def test_by_bot_token(sim: TelegramSimulator) -> None:
    bot = sim.add_bot("jobs_bot")
    assert bot.token
    async with sim.connected(None) as client:
        with pytest.raises(errors.AccessTokenInvalidError):
            await client.sign_in(bot_token="1:wrong")
        await client.sign_in(bot_token=bot.token)
        me = await client.get_me()
        assert (me.id, me.bot, me.username) == (bot.id, True, "jobs_bot")


async def test_logging_out_ends_this_login_only(sim: TelegramSimulator) -> None:
    masha = sim.add_user("Мария")
    async with sim.connected(masha) as stays:
        leaves = sim.client(masha)
        await leaves.connect()
        assert await leaves.log_out()
        assert (await stays.get_me()).id == masha.id
        assert len(sim.world.logins(masha)) == 1


async def test_other_logins_can_be_listed_and_ended(sim: TelegramSimulator) -> None:
    masha = sim.add_user("Мария")
    async with sim.connected(masha) as first, sim.connected(masha) as second:
        listed = (await first(functions.account.GetAuthorizationsRequest())).authorizations
        (other,) = [login for login in listed if not login.current]
        await first(functions.account.ResetAuthorizationRequest(other.hash))
        assert await second.get_me() is None
        assert (await first.get_me()).id == masha.id
