"""A folder to be set up, between a loopback Telegram and Messages API, and `jobs setup` as a process to talk with."""

import asyncio
import os
import pty
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Self

from telethon.sessions import SQLiteSession
from telethon.tl import types

from jobs_simulator import stage as stages
from jobs_simulator.model import ModelSimulator
from jobs_simulator.model.echo import fixed
from jobs_simulator.stage import Program, clean_environment
from jobs_simulator.telegram import TelegramSimulator

COMMAND = ("-m", "jobs", "setup")
PATIENCE = 40.0
KEY = "sk-loopback-right"
HASH = "0123456789abcdef" * 2
API = ["12345", HASH, "", "Europe/Moscow"]
"""The application's id and hash, no proxy, the time zone."""


class World:
    """A folder to be set up, both servers, Jobs' own account and its owner."""

    def __init__(self, folder: Path, api_key: str | None = KEY) -> None:
        self.folder = folder
        self.telegram = TelegramSimulator()
        self.model = ModelSimulator(fixed(), api_key=api_key)
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
        process = await stages.start_python(
            *COMMAND,
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

    @asynccontextmanager
    async def terminal(self, **variables: str) -> AsyncIterator["TerminalDialogue"]:
        """The same as `setup`, in a terminal."""
        ours, its = pty.openpty()
        process = await stages.start_python(
            *COMMAND, env=self.environment(**variables), stdin=its, stdout=its, stderr=its
        )
        os.close(its)
        try:
            yield TerminalDialogue(process, ours)
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()
            asyncio.get_running_loop().remove_reader(ours)
            os.close(ours)

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

    def everything(self) -> list[str]:
        """The answers of a first run: an account of its own, and an API key."""
        return [*API, *self.signed_in_by_phone(), "@ivan_owner", "y", "1", KEY]

    def set_up_already(self) -> None:
        """Everything is in place, as a first run leaves it."""
        values = {"TG_API_ID": "12345", "TG_API_HASH": HASH, "TZ": "UTC", "ANTHROPIC_API_KEY": KEY}
        values["TG_USER_ID"] = str(self.owner.id)
        self.env.write_text("".join(f"{name}={value}\n" for name, value in values.items()), encoding="utf-8")
        self.session.parent.mkdir()
        self.telegram.write_session(self.jobs, self.session)
        self.jobs.contacts.add(self.owner)
        session = SQLiteSession(str(self.session))
        hash_ = self.telegram.world.access_hash(self.jobs, self.owner.id)
        session.process_entities([types.User(self.owner.id, access_hash=hash_)])
        session.save()
        session.close()

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
        """Answer."""
        self._send("".join(f"{line}\n" for line in lines).encode())

    async def until(self, words: str) -> None:
        """Wait until it has said this, after what was waited for before."""
        async with asyncio.timeout(PATIENCE):
            while (found := self.said.find(words, self._seen)) < 0:
                read = await self._receive()
                assert read, f"it ended without {words!r}:\n{self.said}"
                self.said += read.decode(errors="replace")
        self._seen = found + len(words)

    async def end(self) -> tuple[int, str]:
        """Close its input and wait for its end; returns the exit code and everything that was said."""
        self._close()
        async with asyncio.timeout(PATIENCE):
            while read := await self._receive():
                self.said += read.decode(errors="replace")
            return await self.process.wait(), self.said

    def _send(self, data: bytes) -> None:
        assert self.process.stdin
        self.process.stdin.write(data)

    async def _receive(self) -> bytes:
        assert self.process.stdout
        return await self.process.stdout.read(65536)

    def _close(self) -> None:
        assert self.process.stdin
        self.process.stdin.close()


class TerminalDialogue(Dialogue):
    """The same through a terminal, which shows what is typed unless it is told not to."""

    def __init__(self, process: asyncio.subprocess.Process, terminal: int) -> None:
        super().__init__(process)
        self._terminal = terminal
        self._read: asyncio.Queue[bytes] = asyncio.Queue()
        asyncio.get_running_loop().add_reader(terminal, self._on_output)

    def _on_output(self) -> None:
        try:
            read = os.read(self._terminal, 65536)
        except OSError:  # nobody has the other side open any more
            read = b""
        if not read:
            asyncio.get_running_loop().remove_reader(self._terminal)
        self._read.put_nowait(read)

    def _send(self, data: bytes) -> None:
        os.write(self._terminal, data)

    async def _receive(self) -> bytes:
        return await self._read.get()

    def _close(self) -> None:
        pass  # a terminal stays
