"""The demo: the real program in a terminal chat, on a loopback Telegram and, without a credential, a scripted model."""

import asyncio
import contextlib
import signal
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path

from jobs.config import Settings
from jobs.texts import Language, say, terminal_language
from jobs_simulator.chat import Chat
from jobs_simulator.output import show
from jobs_simulator.scenario import play_scenario
from jobs_simulator.stage import Program, Stage
from jobs_simulator.telegram import Account

OWNER = "owner"
QUIET_SECONDS = 3.0
"""After the end of piped input: how long nobody has to have said anything before the demo ends."""


def demo(settings: Settings, *, play: bool) -> int:
    """Run the demo until it is left, or play the scenario; returns the exit code: 1 for one that was not played out."""
    language = terminal_language()
    for number in (signal.SIGHUP, signal.SIGTERM):  # a closed window, too, leaves nothing behind
        signal.signal(number, signal.default_int_handler)
    with tempfile.TemporaryDirectory(prefix="jobs-demo-") as folder, contextlib.suppress(KeyboardInterrupt):
        if play:
            return asyncio.run(play_scenario(Path(folder)))
        return asyncio.run(Demo(Path(folder), settings, language).run())
    return 1 if play else 0


class Demo:
    def __init__(self, folder: Path, settings: Settings, language: Language) -> None:
        self._settings = settings
        self._language = language
        self._stage = Stage(folder, settings=_model_settings(settings))
        add = partial(self._stage.telegram.add_user, contact_of=(self._stage.jobs,))
        self._people: dict[str, Account] = {
            OWNER: self._stage.owner,
            "Мария": add("Мария", "Иванова", username="masha", phone="79000000003", lang_code="ru"),
            "Paul": add("Paul", "Smith", username="paul", phone="447000000004", lang_code="en"),
        }
        self._chats: dict[str, Chat] = {}
        self._me = OWNER
        self._stop = asyncio.Event()
        self._last_word = 0.0

    async def run(self) -> int:
        self._greet()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            loop.add_signal_handler(number, self._stop.set)
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self._stage)
            program = await self._stage.start(LOG_LEVEL="warning")
            for key, account in self._people.items():
                self._chats[key] = await stack.enter_async_context(self._stage.person(account))
                self._chats[key].on_heard = partial(self._heard, key)
            self._tell("demo_up")
            tasks = {
                asyncio.create_task(self._converse()),
                asyncio.create_task(self._stop.wait()),
                asyncio.create_task(program.ended()),
            }
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in tasks:
                task.cancel()
            return await self._finish(program)

    async def _finish(self, program: Program) -> int:
        if not program.running:
            self._tell("demo_died")
            show("\n".join(program.lines[-10:]))
            return 1
        await program.stop()
        return 0

    # ------------------------------------------------------------ the terminal

    def _greet(self) -> None:
        self._tell("demo_start_anyway" if self._settings.has_telegram else "demo_start")
        self._tell("demo_real_model" if self._settings.has_model else "demo_scripted")
        others = [account for key, account in self._people.items() if key != OWNER]
        names = ", ".join(f"{_full_name(account)} (@{account.username})" for account in others)
        self._tell("demo_how", owner=self._name(OWNER), others=names, first=others[0].username)

    async def _converse(self) -> None:
        said_something = False
        async for line in _lines():
            if line == "/quit":
                return
            if line.partition(" ")[0] == "/as":
                self._write_as(line.partition(" ")[2])
            elif line:
                said_something = True
                show(f"{self._name(self._me)} → Jobs: {line}")
                self._last_word = asyncio.get_running_loop().time()
                await self._chats[self._me].say(line)
        if not said_something:
            await self._stop.wait()  # started without a keyboard: stay up until told to stop
        await self._until_quiet()

    def _write_as(self, name: str) -> None:
        name = name.strip().lstrip("@")
        for key, account in self._people.items():
            if name and name.casefold() in (
                key.casefold(),
                account.first_name.casefold(),
                str(account.username).casefold(),
            ):
                self._me = key
                self._tell("demo_now_you_are", name=self._name(key))
                return
        self._tell("demo_nobody", name=name or "?", names=", ".join(self._people))

    async def _until_quiet(self) -> None:
        loop = asyncio.get_running_loop()
        while (left := self._last_word + QUIET_SECONDS - loop.time()) > 0:  # noqa: ASYNC110 (each sleep is measured)
            await asyncio.sleep(left)

    def _heard(self, key: str, text: str) -> None:
        self._last_word = asyncio.get_running_loop().time()
        show(f"Jobs → {self._name(key)}: {text}")

    def _name(self, key: str) -> str:
        return _full_name(self._people[key])

    def _tell(self, key: str, **values: object) -> None:
        show(say(key, self._language, **values))


def _full_name(account: Account) -> str:
    return f"{account.first_name} {account.last_name}".strip()


async def _lines() -> AsyncIterator[str]:
    """Lines from the keyboard or a pipe, without blocking the loop."""
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    try:
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    except (ValueError, OSError):  # a file or nothing: it does not block
        for line in sys.stdin:
            yield line.strip()
        return
    async for raw in reader:
        yield raw.decode(errors="replace").strip()


def _model_settings(settings: Settings) -> dict[str, str]:
    """The program's own model settings where there is a credential; else none, and the stage's script answers."""
    if not settings.has_model:
        return {}
    values = {
        "ANTHROPIC_API_KEY": settings.anthropic_api_key.get_secret_value() if settings.anthropic_api_key else "",
        "CLAUDE_CODE_OAUTH_TOKEN": (
            settings.claude_code_oauth_token.get_secret_value() if settings.claude_code_oauth_token else ""
        ),
        "ANTHROPIC_BASE_URL": settings.anthropic_base_url or "",
        "CLAUDE_MODEL": settings.claude_model or "",
        "EXTERNAL_MODEL": settings.external_model or "",
        "HTTP_PROXY": settings.http_proxy.url if settings.http_proxy else "",
        "NO_PROXY": "127.0.0.1," + settings.no_proxy,  # where the demo's Telegram is
    }
    return values
