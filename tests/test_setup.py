"""`jobs setup` as a process of its own, answered line by line, against the loopback Telegram and Messages API."""

import asyncio
import signal
import stat
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Self

import pytest
from telethon.sessions import SQLiteSession
from telethon.tl import functions

from jobs_simulator.model import ModelSimulator
from jobs_simulator.model.scripted import ScriptedBrain
from jobs_simulator.stage import Program, clean_environment
from jobs_simulator.telegram import Fault, TelegramSimulator

PATIENCE = 40.0
KEY = "sk-loopback-right"
HASH = "0123456789abcdef" * 2
API = ["12345", HASH, "", "Europe/Moscow"]
"""The application's id and hash, no proxy, the time zone."""


class World:
    """A folder to be set up, both servers, Jobs' own account and its owner."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.telegram = TelegramSimulator()
        self.model = ModelSimulator(ScriptedBrain(), api_key=KEY)
        self.jobs = self.telegram.add_user("Jobs", username="jobs_assistant", phone="79000000002", password="верблюд")
        self.owner = self.telegram.add_user("Иван", "Петров", username="ivan_owner", phone="79000000001")
        self.bot = self.telegram.add_bot("jobs_helper_bot", name="Jobs Bot", token="7001:AAabcdefghijklmn")

    async def __aenter__(self) -> Self:
        await self.telegram.start()
        await self.model.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.model.stop()
        await self.telegram.stop()
        self.telegram.close()

    def environment(self, **variables: str) -> dict[str, str]:
        return {
            **clean_environment(),
            "LC_ALL": "C.UTF-8",
            "JOBS_ROOT": str(self.folder),
            "TG_SERVER": self.telegram.endpoint,
            "TG_SERVER_KEY": str(self.telegram.public_key_path),
            "ANTHROPIC_BASE_URL": self.model.url,
            **variables,
        }

    @asynccontextmanager
    async def setup(self, **variables: str) -> AsyncIterator["Dialogue"]:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "jobs",
            "setup",
            env=self.environment(**variables),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        try:
            yield Dialogue(process)
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()

    async def answer(self, *answers: str, **variables: str) -> tuple[int, str]:
        """Give all answers at once; returns the exit code and everything that was said."""
        async with self.setup(**variables) as dialogue:
            dialogue.write(*answers)
            return await dialogue.end()

    @property
    def env(self) -> Path:
        return self.folder / ".env"

    @property
    def session(self) -> Path:
        return self.folder / "data" / "telethon.session"

    def written(self) -> dict[str, str]:
        lines = self.env.read_text(encoding="utf-8").splitlines()
        return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))

    def signed_in_by_phone(self) -> list[str]:
        return ["2", "+7 900 000-00-02", self.jobs.login_code, "верблюд"]

    @asynccontextmanager
    async def up(self) -> AsyncIterator[Program]:
        """The program, with exactly what setup wrote and the addresses of the servers."""
        program = Program(self.environment())
        try:
            yield await program.start()
            assert await program.stop() == 0
        finally:
            await program.kill()


class Dialogue:
    """The other end of the process's standard input and output."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.said = ""
        self._seen = 0

    def write(self, *lines: str) -> None:
        assert self.process.stdin
        self.process.stdin.write("".join(f"{line}\n" for line in lines).encode())

    async def until(self, words: str) -> None:
        """Wait until it has said this, after what was waited for before."""
        assert self.process.stdout
        async with asyncio.timeout(PATIENCE):
            while (found := self.said.find(words, self._seen)) < 0:
                read = await self.process.stdout.read(4096)
                assert read, f"it ended without {words!r}:\n{self.said}"
                self.said += read.decode()
        self._seen = found + len(words)

    async def end(self) -> tuple[int, str]:
        """Close its input and wait for its end."""
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.close()
        async with asyncio.timeout(PATIENCE):
            self.said += (await self.process.stdout.read()).decode()
            return await self.process.wait(), self.said


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with World(tmp_path) as world:
        yield world
    assert not world.telegram.world.bugs
    assert not world.telegram.unsupported


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


async def test_an_account_of_its_own_by_phone_code_and_password_and_then_it_runs(world: World) -> None:
    code, said = await world.answer(*API, *world.signed_in_by_phone(), "@ivan_owner", "y", "1", KEY)
    assert code == 0, said
    jobs = f"Jobs (@jobs_assistant, id {world.jobs.id})"
    assert said.endswith(f"Jobs is now {jobs}. Owner: Иван Петров. Start it with ./jobs up\n")
    assert "my.telegram.org" in said
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
    async with world.up() as program:
        assert f"Jobs is up as {jobs}" in program.lines


async def test_no_secret_is_shown(world: World) -> None:
    _, said = await world.answer(*API, *world.signed_in_by_phone(), "@ivan_owner", "y", "1", KEY)
    assert not [secret for secret in (HASH, KEY, "верблюд", world.jobs.login_code) if secret in said]


async def test_run_again_it_says_so_checks_and_changes_nothing(world: World) -> None:
    await world.answer(*API, *world.signed_in_by_phone(), "@ivan_owner", "y", "1", KEY)
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
        *("@nobody_here", "x", "@jobs_helper_bot", "@ivan_owner", "n", "+7 (900) 000-00-01", "y"),
        *("7", "1", "", "1", "sk-loopback-wrong", "1", KEY),
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
