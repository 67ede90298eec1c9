"""A stage for the real program: `jobs up` as a process of its own between a loopback Telegram and a Messages API."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from jobs_simulator.chat import Chat
from jobs_simulator.model import Brain, ModelSimulator
from jobs_simulator.model.scripted import ScriptedBrain
from jobs_simulator.telegram import Account, TelegramSimulator

READY = "Jobs is up as"
START_SECONDS = 30.0
STOP_SECONDS = 45.0
API_HASH = "0" * 32
DUMMY_KEY = "sk-loopback-dummy"

NO_LIMITS = {
    "EXTERNAL_DAILY_USD": "1000",
    "EXTERNAL_PERSON_USD": "1000",
    "EXTERNAL_TURNS_PER_DAY": "100000",
    "EXTERNAL_MESSAGES_PER_DAY": "100000",
    "EXTERNAL_MESSAGES_PER_MINUTE": "100000",
}
"""What other people may use on a stage: its model's prices are made up, and its people write faster than people do."""

PASSED_ON = ("PATH", "LANG", "LC_ALL", "TMPDIR")


def clean_environment() -> dict[str, str]:
    """What a started program gets of the caller's environment: no credential can be among it."""
    passed = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    return {**passed, "PYTHONPATH": str(Path(__file__).parents[1])}


COMMAND = ("-m", "jobs", "up")


async def start_python(*arguments: str, **options: Any) -> asyncio.subprocess.Process:
    """This Python with these arguments; the options are those of `asyncio.create_subprocess_exec`."""
    return await asyncio.create_subprocess_exec(sys.executable, *arguments, **options)


class Program:
    """One run of `jobs up` as a child process. `command` is what the interpreter is given."""

    def __init__(
        self,
        environment: dict[str, str],
        on_line: Callable[[str], None] = lambda _: None,
        command: Sequence[str] = COMMAND,
    ) -> None:
        self._environment = environment
        self._command = command
        self._on_line = on_line
        self._process: asyncio.subprocess.Process | None = None
        self._printed = asyncio.Condition()
        self._silent = False
        self._reading: asyncio.Task[None] | None = None
        self.lines: list[str] = []
        """Everything it printed."""

    @property
    def pid(self) -> int:
        if self._process is None:
            raise RuntimeError("the program is not started")
        return self._process.pid

    async def start(self) -> Self:
        """Start it and wait until it says that it is ready. Raises RuntimeError with its output when it does not."""
        await self.spawn()
        try:
            await self.line(READY)
        except RuntimeError:
            await self.kill()
            raise
        return self

    async def spawn(self) -> None:
        """Start it, without waiting for anything."""
        self._process = await start_python(
            *self._command,
            env=self._environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        self._reading = asyncio.create_task(self._read(self._process))

    async def line(self, words: str, seconds: float = START_SECONDS) -> str:
        """Wait for a printed line with these words. Raises RuntimeError with the output when it does not come."""
        try:
            async with asyncio.timeout(seconds), self._printed:
                while True:
                    for line in self.lines:
                        if words in line:
                            return line
                    if self._silent:
                        break
                    await self._printed.wait()
        except TimeoutError:
            pass
        raise RuntimeError(f"the program did not say {words!r}:\n" + "\n".join(self.lines[-20:]))

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        async for line in process.stdout:
            text = line.decode(errors="replace").rstrip()
            self._on_line(text)
            async with self._printed:
                self.lines.append(text)
                self._printed.notify_all()
        async with self._printed:
            self._silent = True
            self._printed.notify_all()

    async def kill(self) -> None:
        """kill -9."""
        if self._process and self._process.returncode is None:
            self._process.send_signal(signal.SIGKILL)
        await self.ended()

    async def stop(self) -> int:
        """SIGTERM; returns the exit code. Killed if it does not end in time."""
        if self._process and self._process.returncode is None:
            self._process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(STOP_SECONDS):
                return await self.ended()
        except TimeoutError:
            await self.kill()
            raise

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.returncode is None

    async def ended(self) -> int:
        """Wait for its end; returns the exit code (negative: the signal)."""
        if self._process is None:
            return 0
        code = await self._process.wait()
        if self._reading:
            await self._reading
        return code


class Stage:
    """Both servers, the accounts of a small world, and the program's settings for it.

    Used as `async with Stage(folder) as stage`; `folder` holds the program's data and workspace.
    """

    def __init__(
        self,
        folder: Path,
        brain: Brain | None = None,
        *,
        settings: dict[str, str] | None = None,
        telegram_port: int = 0,
    ) -> None:
        self.folder = folder
        self.telegram = TelegramSimulator(port=telegram_port)
        self.model = ModelSimulator(brain or ScriptedBrain())
        self._settings = settings or {}
        self.jobs = self.telegram.add_user("Jobs", username="jobs_assistant", phone="79000000002")
        self.owner = self.telegram.add_user(
            "Иван", "Петров", username="ivan_owner", phone="79000000001", lang_code="ru", contact_of=(self.jobs,)
        )
        self.programs: list[Program] = []

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def workspace(self) -> Path:
        return self.folder / "workspace"

    @property
    def home(self) -> Path:
        """The program's HOME: what the machine's own has its shells do is nothing to it."""
        return self.folder / "home"

    async def __aenter__(self) -> Self:
        await self.telegram.start()
        await self.model.start()
        self.data.mkdir(parents=True, exist_ok=True)
        self.home.mkdir(exist_ok=True)
        self.telegram.write_session(self.jobs, self.data / "telethon.session")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for program in self.programs:
            await program.kill()
        await self.model.stop()
        await self.telegram.stop()

    def environment(self, **settings: str) -> dict[str, str]:
        """The program's whole environment."""
        return {
            **clean_environment(),
            "LC_ALL": "C.UTF-8",  # what it prints is waited for
            "JOBS_ROOT": str(self.folder),
            "HOME": str(self.home),
            "TG_API_ID": "1",
            "TG_API_HASH": API_HASH,
            "TG_USER_ID": str(self.owner.id),
            "TG_SERVER": self.telegram.endpoint,
            "TG_SERVER_KEY": str(self.telegram.public_key_path),
            "ANTHROPIC_API_KEY": DUMMY_KEY,
            "ANTHROPIC_BASE_URL": self.model.url,
            "DATA_DIR": str(self.data),
            "WORKSPACE_DIR": str(self.workspace),
            "TZ": "Europe/Moscow",
            "MEMORY_MODEL": "off",
            "HEARTBEAT_INTERVAL_MINUTES": "0",
            "HTTP_PORT": "0",
            **NO_LIMITS,
            **self._settings,
            **settings,
        }

    async def start(self, on_line: Callable[[str], None] = lambda _: None, **settings: str) -> Program:
        """Start the program; the stage kills it at its end if nobody else has."""
        return await self.program(on_line, **settings).start()

    def program(
        self, on_line: Callable[[str], None] = lambda _: None, command: Sequence[str] = COMMAND, **settings: str
    ) -> Program:
        """The program with these settings beside the stage's own, not started yet."""
        program = Program(self.environment(**settings), on_line, command)
        self.programs.append(program)
        return program

    @asynccontextmanager
    async def person(self, account: Account) -> AsyncIterator[Chat]:
        """A person with a Telegram client of their own, in their chat with Jobs."""
        async with self.telegram.connected(account) as client:
            yield Chat(client, self.jobs)
