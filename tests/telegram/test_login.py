"""Signing in at the terminal, against the loopback Telegram."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from telethon.tl import functions, types

from jobs.telegram import login as login_module
from jobs.telegram.login import ATTEMPTS, ApiRefused, LoginFailed, login, login_url, qr_picture
from jobs.texts import CATALOGUE, Language, say
from jobs_simulator.telegram import Fault, TelegramSimulator

PHONE = "79990001122"


@dataclass
class Console:
    """Answers questions from a list, in order; keeps what was asked and said."""

    answers: list[str | Callable[[], str]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    secrets: list[str] = field(default_factory=list)
    said: asyncio.Queue[str] = field(default_factory=asyncio.Queue)
    told: list[str] = field(default_factory=list)

    async def ask(self, question: str) -> str:
        self.asked.append(question)
        return self._next()

    async def ask_secret(self, question: str) -> str:
        self.secrets.append(question)
        return self._next()

    def say(self, text: str) -> None:
        self.told.append(text)
        self.said.put_nowait(text)

    def _next(self) -> str:
        answer = self.answers.pop(0)
        return answer if isinstance(answer, str) else answer()


@pytest.fixture
async def sim() -> AsyncIterator[TelegramSimulator]:
    async with TelegramSimulator() as simulator:
        yield simulator
    assert not simulator.world.bugs
    assert not simulator.unsupported


def en(key: str, **values: object) -> str:
    return say(key, "en", **values)


async def test_a_client_that_is_signed_in_is_asked_nothing(sim: TelegramSimulator) -> None:
    masha = sim.add_user("Мария")
    async with sim.connected(masha) as client:
        console = Console()
        assert (await login(client, console)).id == masha.id
        assert console.told == console.asked == []


async def test_by_a_bot_token_that_was_given(sim: TelegramSimulator) -> None:
    bot = sim.add_bot("jobs_bot")
    async with sim.connected(None) as client:
        console = Console()
        assert (await login(client, console, bot_token=bot.token)).id == bot.id
        assert console.told == console.secrets == []
        assert (await client.get_me()).bot


async def test_a_wrong_bot_token_is_asked_for_again(sim: TelegramSimulator) -> None:
    bot = sim.add_bot("jobs_bot")
    assert bot.token
    async with sim.connected(None) as client:
        console = Console(["3", "", f" {bot.token} "])
        accepted: list[str] = []
        assert (await login(client, console, on_token=accepted.append)).id == bot.id
        assert accepted == [bot.token]
        assert console.told == [en("login_token_wrong")]
        assert console.secrets == [en("login_token")] * 2


@pytest.mark.parametrize("typed", ["+7 (999) 000-11-22", "8 999 000-11-22", "007 999 0001122"])
async def test_by_phone_and_code(sim: TelegramSimulator, typed: str) -> None:
    masha = sim.add_user("Мария", phone=PHONE)
    async with sim.connected(None) as client:
        console = Console(["2", typed, lambda: " ".join(masha.login_code)])
        assert (await login(client, console, lang="ru")).id == masha.id
        assert console.secrets == ["Код, который прислал Telegram сообщением в приложение:"]
        assert await client.is_user_authorized()


async def test_slips_are_told_in_one_sentence_and_asked_again(sim: TelegramSimulator) -> None:
    masha = sim.add_user("Мария", phone=PHONE, password="верблюд")
    async with sim.connected(None) as client:
        console = Console(
            ["5", "2", "none", "12", PHONE, "00000", "", lambda: masha.login_code, "", "лошадь", "верблюд"]
        )
        assert (await login(client, console)).id == masha.id
        wrong = "how_wrong phone_wrong phone_wrong code_wrong code_wrong password_wrong password_wrong"
        assert console.told == [en(f"login_{key}") for key in wrong.split()]


async def test_a_number_without_an_account_can_be_corrected(sim: TelegramSimulator) -> None:
    masha = sim.add_user("Мария", phone=PHONE)
    async with sim.connected(None) as client:
        console = Console(["2", "79990001123", "12345", PHONE, lambda: masha.login_code])
        assert (await login(client, console)).id == masha.id
        assert console.told == [en("login_phone_unknown")]


async def test_an_expired_code_is_sent_again(sim: TelegramSimulator) -> None:
    masha = sim.add_user("Мария", phone=PHONE)
    sim.faults.add(Fault(functions.auth.SignInRequest, error="PHONE_CODE_EXPIRED"))
    resent = Fault(functions.auth.SendCodeRequest, skip=1, delay=0.0)
    sim.faults.add(resent)
    async with sim.connected(None) as client:
        console = Console(["2", PHONE, "11111", lambda: masha.login_code])
        assert (await login(client, console)).id == masha.id
        assert console.told == [en("login_code_expired")]
        assert resent.hits == 1


@pytest.mark.parametrize("lang", ["ru", "en"])
@pytest.mark.parametrize("asked_for", ["how", "token", "phone", "code", "password"])
async def test_after_three_attempts_it_is_broken_off(sim: TelegramSimulator, asked_for: str, lang: Language) -> None:
    masha = sim.add_user("Мария", phone=PHONE, password="верблюд")
    start: dict[str, list[str | Callable[[], str]]] = {
        "how": [],
        "token": ["3"],
        "phone": ["2"],
        "code": ["2", PHONE],
        "password": ["2", PHONE, lambda: masha.login_code],
    }
    async with sim.connected(None) as client:
        console = Console([*start[asked_for], *["9"] * ATTEMPTS])
        with pytest.raises(LoginFailed, match=CATALOGUE["login_attempts"][lang]):
            await login(client, console, lang=lang)
        assert console.told == [CATALOGUE[f"login_{asked_for}_wrong"][lang]] * ATTEMPTS + [
            CATALOGUE["login_attempts"][lang]
        ]
        assert not await client.is_user_authorized()


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        ("FLOOD_WAIT_3723", "Telegram asks to wait before the next attempt: 1 h 2 min 3 s."),
        ("API_ID_INVALID", "Telegram does not accept TG_API_ID and TG_API_HASH. Check them at my.telegram.org."),
        ("PHONE_NUMBER_BANNED", "This number is banned from Telegram."),
        ("PHONE_PASSWORD_FLOOD", "Telegram refused the sign-in: You have tried logging in too many times"),
    ],
)
async def test_what_telegram_refuses_is_told_and_ends_it(sim: TelegramSimulator, error: str, sentence: str) -> None:
    sim.faults.add(Fault(functions.auth.SendCodeRequest, error=error))
    async with sim.connected(None) as client:
        console = Console(["2", PHONE])
        with pytest.raises(LoginFailed) as failure:
            await login(client, console)
        assert console.told == [sentence] == [str(failure.value)]
        assert isinstance(failure.value, ApiRefused) == (error == "API_ID_INVALID")


async def test_by_qr_code(sim: TelegramSimulator, monkeypatch: pytest.MonkeyPatch) -> None:
    masha = sim.add_user("Мария", password="верблюд")
    shown = show_links(monkeypatch)
    async with sim.connected(None) as client:
        console = Console(["1", "верблюд"])
        signing_in = asyncio.create_task(login(client, console))
        sim.accept_login(masha, await link(console, shown))
        async with asyncio.timeout(5):
            assert (await signing_in).id == masha.id
        assert console.told[0] == en("login_qr")
        assert (await client.get_me()).id == masha.id


async def test_an_expired_qr_code_is_replaced(sim: TelegramSimulator, monkeypatch: pytest.MonkeyPatch) -> None:
    masha = sim.add_user("Мария")
    shown = show_links(monkeypatch)
    expired = types.auth.LoginToken(datetime.now(UTC) - timedelta(seconds=1), b"old")
    sim.faults.add(Fault(functions.auth.ExportLoginTokenRequest, times=2, answer=expired))
    async with sim.connected(None) as client:
        console = Console(["1"])
        signing_in = asyncio.create_task(login(client, console))
        while (url := await link(console, shown)) == login_url(b"old"):
            pass
        sim.accept_login(masha, url)
        async with asyncio.timeout(5):
            assert (await signing_in).id == masha.id
        assert console.told.count(en("login_qr_new")) == 2


async def test_a_scan_between_two_codes_counts(sim: TelegramSimulator) -> None:
    masha = sim.add_user("Мария")

    def scanned(*_: object) -> types.auth.LoginToken:
        (waiting,) = [login for login in sim.world.authorizations.values() if login.account is None]
        waiting.qr_account = masha
        return types.auth.LoginToken(datetime.now(UTC) - timedelta(seconds=1), b"old")

    sim.faults.add(Fault(functions.auth.ExportLoginTokenRequest, answer=scanned))
    async with sim.connected(None) as client, asyncio.timeout(5):
        assert (await login(client, Console(["1"]))).id == masha.id


async def test_a_qr_code_that_nobody_scans_is_given_up(sim: TelegramSimulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(login_module, "QR_CODES", 3)
    expired = types.auth.LoginToken(datetime.now(UTC) - timedelta(seconds=1), b"old")
    sim.faults.add(Fault(functions.auth.ExportLoginTokenRequest, times=None, answer=expired))
    async with sim.connected(None) as client:
        console = Console(["1"])
        with pytest.raises(LoginFailed, match=en("login_qr_late")):
            await login(client, console)
        assert console.told.count(qr_picture(login_url(b"old"))) == 3


async def test_no_secret_is_shown_or_logged(
    sim: TelegramSimulator, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    masha = sim.add_user("Мария", phone=PHONE, password="верблюд")
    secrets = ["верблюд", "лошадь", "7:wrong-token", masha.login_code]
    caplog.set_level(logging.INFO)
    async with sim.connected(None) as client:
        console = Console(["2", PHONE, masha.login_code, "лошадь", "верблюд"])
        await login(client, console)
    async with sim.connected(None) as client:
        bots = Console(["7:wrong-token"] * ATTEMPTS)
        with pytest.raises(LoginFailed) as failure:
            await login(client, bots, bot_token="7:wrong-token")
        assert failure.value.__context__ is None
    output = capfd.readouterr()
    seen = "\n".join(
        [*console.told, *console.asked, *bots.told, caplog.text, output.out, output.err, repr(failure.value)]
    )
    assert not [secret for secret in secrets if secret in seen]


async def test_telegram_out_of_reach_is_the_callers_to_tell(sim: TelegramSimulator) -> None:
    async with sim.connected(None) as client:
        await client.disconnect()
        with pytest.raises(ConnectionError):
            await login(client, Console(["2"]))


def test_a_qr_code_fits_in_a_terminal() -> None:
    lines = qr_picture(login_url(bytes(range(32)))).splitlines()
    assert len(lines) <= 24
    assert {len(line) for line in lines} == {len(lines[0])}
    assert len(lines[0]) <= 50


def show_links(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Have links said in place of their pictures. Returns the set that they are collected in."""
    links: set[str] = set()

    def picture(url: str) -> str:
        links.add(url)
        return url

    monkeypatch.setattr(login_module, "qr_picture", picture)
    return links


async def link(console: Console, shown: set[str]) -> str:
    """The next link that the console is told."""
    async with asyncio.timeout(5):
        while (text := await console.said.get()) not in shown:
            pass
    return text
