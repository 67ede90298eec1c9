"""`jobs setup` as a process of its own, answered line by line, against the loopback Telegram and Messages API."""

import asyncio
import signal
import stat
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from telethon.sessions import SQLiteSession
from telethon.tl import functions
from tests.setup_rig import API, HASH, KEY, PATIENCE, World

from jobs.db import DataLock
from jobs.setup import account
from jobs.setup.account import set_up_account
from jobs.setup.answers import Answers
from jobs.setup.terminal import Terminal
from jobs.telegram.login import login_url
from jobs_simulator.telegram import Fault

pytestmark = pytest.mark.usefixtures("warm")


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with World(tmp_path) as world:
        yield world
    assert not world.telegram.world.bugs
    assert not world.telegram.unsupported


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.cold
async def test_an_account_of_its_own_by_phone_without_a_secret_shown_and_then_it_runs(world: World) -> None:
    code, said = await world.answer(*world.everything())
    assert code == 0, said
    jobs = f"Jobs (@jobs_assistant, id {world.jobs.id})"
    assert said.endswith(f"Jobs is now {jobs}. Owner: Иван Петров. Start it with ./jobs up\n")
    assert "my.telegram.org" in said
    assert not [secret for secret in (HASH, KEY, "верблюд", world.jobs.login_code) if secret in said]
    assert world.written() == {
        "TG_API_ID": "12345",
        "TG_API_HASH": HASH,
        "TZ": "Europe/Moscow",
        "TG_USER_ID": str(world.owner.id),
        "ANTHROPIC_API_KEY": KEY,
    }
    assert mode(world.env) == mode(world.session) == 0o600
    assert world.owner in world.jobs.contacts
    assert len(world.model.requests) == 1
    assert world.model.requests[0].tools == []
    session = SQLiteSession(str(world.session))
    assert session.get_input_entity(world.owner.id).access_hash
    session.close()
    assert not list(world.session.parent.glob("check-*"))
    async with world.up() as program:
        assert f"Jobs is up as {jobs}" in program.lines


async def test_run_again_it_says_so_checks_and_changes_nothing(world: World) -> None:
    world.set_up_already()
    before = world.env.read_bytes(), world.env.stat().st_ino
    calls = len(world.model.requests)
    code, said = await world.answer()
    assert code == 0, said
    assert "Set already: TG_API_ID (.env), TG_API_HASH (.env), TG_USER_ID (.env)" in said
    assert "Everything is in place; nothing was changed." in said
    assert "The model answers" in said
    assert (world.env.read_bytes(), world.env.stat().st_ino) == before
    assert len(world.model.requests) == calls + 1


async def test_wrong_answers_are_told_in_a_sentence_and_asked_again(world: World) -> None:
    code, said = await world.answer(
        *("none", "0", "12345", "abc", HASH, "localhost:1", "", "Mars/Base", "Europe/Moscow"),
        *("2", "+7 900 000-00-02", "00000", world.jobs.login_code, "лошадь", "верблюд"),
        *("@nobody_here", "x", "@jobs_helper_bot", "@ivan_owner", "n", "8 (900) 000-00-01", "y"),
        *("7", "", "1", "", "1", "it's-$5", "sk-loopback-wrong", "1", KEY),
    )
    assert code == 0, said
    for sentence in (
        "TG_API_ID has to be a whole number above 0.",
        "TG_API_HASH has to be 32 characters",
        "HTTP_PROXY has to look like",
        "There is no such time zone",
        "The code is wrong.",
        "The password is wrong.",
        "There is no such account.",
        "This is not a person's account.",
        "This does not look like a key.",
        "The model's service refuses this key or token (error 401).",
    ):
        assert sentence in said
    assert world.written()["ANTHROPIC_API_KEY"] == KEY


async def test_the_owners_own_account(world: World) -> None:
    world.jobs.password = None
    code, said = await world.answer(*API, *world.signed_in_by_phone()[:3], "me", "", "1", KEY)
    assert code == 0, said
    assert world.written()["TG_USER_ID"] == str(world.jobs.id)
    assert "Owner: Jobs." in said
    assert world.jobs not in world.jobs.contacts
    async with world.up():
        pass


async def test_a_bot_whose_owner_writes_to_it(world: World) -> None:
    stranger = world.telegram.add_user("Чужой", username="stranger")
    async with world.setup() as dialogue:
        dialogue.write(*API, "3", "7001:AAwrongwrongwrong", "7001:AAabcdefghijklmn", "")
        await dialogue.until("waiting.")
        world.telegram.send(stranger, world.bot, "hello?")
        await dialogue.until("is this the owner?")
        dialogue.write("n", "")
        await dialogue.until("waiting.")
        world.telegram.send(world.owner, world.bot, "it is me")
        await dialogue.until("@ivan_owner")
        dialogue.write("y", "1", KEY)
        code, said = await dialogue.end()
    assert code == 0, said
    assert world.written()["TG_USER_ID"] == str(world.owner.id)
    assert world.written()["TG_BOT_TOKEN"] == "7001:AAabcdefghijklmn"
    async with world.up() as program:
        assert any("Jobs is up as Jobs Bot" in line for line in program.lines)


async def test_a_bot_whose_owner_is_named_by_number(world: World) -> None:
    code, said = await world.answer(*API, "3", "7001:AAabcdefghijklmn", "123456", "y", "1", KEY)
    assert code == 0, said
    assert "a bot cannot write first" in said
    assert world.written()["TG_USER_ID"] == "123456"


async def test_what_is_in_the_environment_is_not_asked_for_and_not_written(world: World) -> None:
    bot = {"TG_BOT_TOKEN": "7001:AAabcdefghijklmn", "TG_USER_ID": str(world.owner.id)}
    given = {"TG_API_ID": "12345", "TG_API_HASH": HASH, "TZ": "UTC", "ANTHROPIC_API_KEY": KEY}
    code, said = await world.answer(**bot, **given)
    assert code == 0, said
    assert "TG_API_ID (the environment)" in said
    assert not world.env.exists()
    assert HASH not in said


async def test_a_wrong_value_in_the_environment_has_to_be_mended_there(world: World) -> None:
    code, said = await world.answer("12345", TG_API_ID="none")
    assert code == 2
    assert said.splitlines() == [
        "TG_API_ID has to be a whole number above 0.",
        "jobs: TG_API_ID is set in the environment, which wins over .env: mend it there and run ./jobs setup again.",
    ]


async def test_an_existing_file_is_kept_but_for_what_was_missing_or_wrong(world: World) -> None:
    world.env.write_text(
        f"# My own notes\nTG_API_ID=none\nTG_API_HASH={HASH}\nTG_USER_ID=x\n\nOTHER='kept as it is'\nTZ=UTC\n"
        f"ANTHROPIC_API_KEY={KEY} # the company's\n",
        encoding="utf-8",
    )
    code, said = await world.answer("12345", *world.signed_in_by_phone(), "@ivan_owner", "y")
    assert code == 0, said
    assert world.env.read_text(encoding="utf-8") == (
        f"# My own notes\nTG_API_ID=12345\nTG_API_HASH={HASH}\n\nOTHER='kept as it is'\nTZ=UTC\n"
        f"ANTHROPIC_API_KEY={KEY} # the company's\nTG_USER_ID={world.owner.id}\n"
    )
    assert mode(world.env) == 0o600


async def test_what_setup_does_not_ask_about_is_told_in_one_line(world: World) -> None:
    code, said = await world.answer(LOG_LEVEL="loud")
    assert code == 2
    assert (
        said == "jobs: LOG_LEVEL has to be one of debug, info, warning, error. Mend it in .env or in the environment\n"
    )


async def test_at_the_end_of_the_input_what_is_done_is_kept_and_the_next_run_goes_on(world: World) -> None:
    code, said = await world.answer(*API, *world.signed_in_by_phone())
    assert code == 2
    assert said.endswith("\njobs: Setup is not finished; what is done is kept. To go on: ./jobs setup.\n")
    code, said = await world.answer("@ivan_owner", "y", "1", KEY)
    assert code == 0, said
    assert world.written()["TG_USER_ID"] == str(world.owner.id)


async def test_ctrl_c_leaves_it_in_one_sentence(world: World) -> None:
    async with world.setup() as dialogue:
        dialogue.write(*API)
        await dialogue.until("How to sign in")
        dialogue.process.send_signal(signal.SIGINT)
        async with asyncio.timeout(PATIENCE):
            assert await dialogue.process.wait() == 2
        _, said = await dialogue.end()
    assert said.endswith("\njobs: Setup is not finished; what is done is kept. To go on: ./jobs setup.\n")
    assert "Traceback" not in said
    assert world.written()["TG_API_ID"] == "12345"


async def test_while_jobs_is_running_it_refuses(world: World) -> None:
    world.set_up_already()
    lock = DataLock(world.session.parent)
    lock.acquire()
    code, said = await world.answer()
    lock.release()
    assert code == 2
    assert said.splitlines()[-1] == f"jobs: Jobs is running on {world.folder / 'data'}; stop it first."


async def test_an_application_that_telegram_refuses_is_asked_for_again(world: World) -> None:
    world.telegram.faults.add(Fault(functions.auth.SendCodeRequest, error="API_ID_INVALID"))
    sign_in = world.signed_in_by_phone()
    code, said = await world.answer(*API, *sign_in[:2], "54321", HASH[::-1], *sign_in, "@ivan_owner", "y", "1", KEY)
    assert code == 0, said
    assert "Telegram does not accept TG_API_ID and TG_API_HASH." in said
    assert world.written()["TG_API_ID"] == "54321"


async def test_a_sign_in_that_failed_ends_it(world: World) -> None:
    code, said = await world.answer(*API, "9", "9", "9")
    assert code == 2
    assert said.splitlines()[-1].startswith("jobs: The sign-in to Telegram did not succeed")


@pytest.mark.parametrize("how", ["revoke", "forget_keys"])
async def test_a_login_that_telegram_has_ended_is_made_anew(world: World, how: str) -> None:
    world.set_up_already()
    getattr(world.telegram, how)(world.jobs)
    code, said = await world.answer(*world.signed_in_by_phone(), "@ivan_owner", "y")
    assert code == 0, said
    assert "Signed in to Telegram as Jobs" in said
    assert ("no longer accepts the login of before" in said) == (how == "forget_keys")
    assert mode(world.session) == 0o600


async def test_a_damaged_login_is_told_and_made_anew(world: World) -> None:
    world.set_up_already()
    world.session.write_bytes(b"no database" * 100)
    code, said = await world.answer(*world.signed_in_by_phone(), "@ivan_owner", "y")
    assert code == 0, said
    assert "login of before is damaged" in said
    assert "Signed in to Telegram as Jobs" in said


async def test_a_model_out_of_reach_is_told_and_tried_again(world: World) -> None:
    await world.model.stop()
    async with world.setup() as dialogue:
        dialogue.write(*world.everything())
        await dialogue.until("cannot be reached: check the network, the proxy and the address.")
        await world.model.start()
        dialogue.write("")
        code, said = await dialogue.end()
    assert code == 0, said


async def test_a_server_that_needs_no_key(tmp_path: Path) -> None:
    world = World(tmp_path, api_key=None)
    async with world:
        code, said = await world.answer(*world.everything()[:-2], "3")
    assert code == 0, said
    assert world.written()["ANTHROPIC_API_KEY"] == "not-needed"


async def test_a_token_of_a_subscription_takes_the_place_of_a_refused_key(world: World) -> None:
    code, said = await world.answer(*world.everything()[:-1], "sk-loopback-wrong", "2", KEY)
    assert code == 0, said
    assert "setup-token" in said
    assert world.written()["CLAUDE_CODE_OAUTH_TOKEN"] == KEY
    assert "ANTHROPIC_API_KEY" not in world.written()


async def test_in_russian(world: World) -> None:
    code, said = await world.answer(*API, *world.signed_in_by_phone(), "я", "да", "1", KEY, LC_ALL="ru_RU.UTF-8")
    assert code == 0, said
    assert said.splitlines()[-1] == (
        f"Теперь Jobs — Jobs (@jobs_assistant, id {world.jobs.id}). Владелец: Jobs. Запуск: ./jobs up"
    )


async def test_in_a_terminal_by_qr_code_and_what_is_secret_is_not_shown(world: World) -> None:
    async with world.terminal() as dialogue:
        for question, answer in zip(("TG_API_ID", "TG_API_HASH", "proxy", "time zone"), API, strict=True):
            await dialogue.until(question)
            dialogue.write(answer)
        await dialogue.until("How to sign in")
        dialogue.write("1")
        await dialogue.until("\u2584")  # the picture
        (login,) = [login for login in world.telegram.world.authorizations.values() if login.qr_token]
        assert login.qr_token
        world.telegram.accept_login(world.jobs, login_url(login.qr_token))
        await dialogue.until("The password")
        dialogue.write("верблюд")
        await dialogue.until("Who is the owner?")
        dialogue.write("@ivan_owner")
        await dialogue.until("is this the owner?")
        dialogue.write("")
        await dialogue.until("How is the model paid for?")
        dialogue.write("1")
        await dialogue.until("(ANTHROPIC_API_KEY)")
        dialogue.write(KEY)
        code, said = await dialogue.end()
    assert code == 0, said
    assert "12345" in said
    assert not [secret for secret in (HASH, KEY, "верблюд") if secret in said]


class Script(Terminal):
    """Gives answers from a list, in this process; an answer may first do something."""

    def __init__(self, *answers: str | Callable[[], Awaitable[str]]) -> None:
        self._answers = list(answers)
        self.said: list[str] = []

    async def ask(self, question: str) -> str:
        self.said.append(question)
        answer = self._answers.pop(0)
        return answer if isinstance(answer, str) else await answer()

    async def ask_secret(self, question: str) -> str:
        return await self.ask(question)

    def say(self, text: str) -> None:
        self.said.append(text)


async def test_when_telegram_is_out_of_reach_a_proxy_can_be_given_and_taken_away(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def take_away() -> str:
        assert world.written()["HTTP_PROXY"] == "http://me:p%24ss@127.0.0.1:9"
        return "-"

    async def back_again() -> str:
        assert "HTTP_PROXY" not in world.written()
        await world.telegram.start()
        return ""

    world.set_up_already()
    await world.telegram.stop()
    for name, value in world.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(account, "CONNECT_SECONDS", 1.0)
    script = Script("http://me:p$ss@127.0.0.1:9", take_away, back_again)
    signed_in, owner = await set_up_account(Answers(script, "en"))
    assert (signed_in.id, owner) == (world.jobs.id, "Иван Петров")
    assert script.said.count("Telegram cannot be reached: check the network and the proxy.") == 3
