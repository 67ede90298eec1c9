"""The MCP servers of the owner: which are allowed, connected and offered; what the owner is asked about them.

A server is started only after the owner has seen and allowed what is run, and offered to sessions only with the tools
it had then. Jobs itself keeps the connection, so that a server that hangs, dies or lies costs no turn a second: a
session is offered the tools from the record, and a call of a broken server is answered with the reason.
"""

import asyncio
import os
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import apsw
import structlog

from jobs.db import Database
from jobs.mcp_manager import offers
from jobs.mcp_manager.config import ConfigError, McpConfig, ServerConfig
from jobs.mcp_manager.secrets import forget_requests
from jobs.spine.model import OutFile
from jobs.spine.outbox import Outbox
from jobs.texts import Saying, say
from jobs.times import now, to_text
from jobs.users.consent import visible
from jobs.users.foreign_tools import ForeignServer, ForeignTool
from jobs.users.permissions import NotDone, Permissions
from jobs.users.repository import UsersRepository
from jobs.walls import Confined, unconfined

if TYPE_CHECKING:
    from jobs.mcp_manager.connection import Connection

log = structlog.get_logger()

LOOK_SECONDS = 5.0
"""How often the file is looked at for edits by hand."""
LONGEST_TEXT = 100_000
"""Characters of a result that reach the model."""
SHOWN = 3000
"""Characters of a difference that the question has; a longer one goes before it as a file."""


@dataclass(frozen=True)
class State:
    """How a server stands."""

    config: ServerConfig
    word: str
    """`off`, `waits` (for the owner's yes), `starting`, `ready`, `broken`, `changed` (tools other than allowed)."""
    reason: str
    tools: tuple[str, ...]


class McpManager:
    """`environment`: variables that the entries may be filled with. `marker`: put into every server's environment.

    `proxy_for` and `confined`: see `Connection`.
    """

    def __init__(
        self,
        config: McpConfig,
        db: Database,
        outbox: Outbox,
        users: UsersRepository,
        *,
        environment: Mapping[str, str],
        marker: Mapping[str, str],
        proxy_for: Callable[[str], str | None] = lambda url: None,
        confined: Confined = unconfined,
    ) -> None:
        self.config = config
        self._db = db
        self._outbox = outbox
        self._users = users
        self.permissions = Permissions(db, outbox, users, "mcp", "mcp_servers")
        self._environment = dict(environment)
        self._marker = dict(marker)
        self._proxy_for = proxy_for
        self._confined = confined
        self._connections: dict[str, tuple[str, Connection]] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._found: dict[str, list[ForeignTool]] = {}
        self._looking: asyncio.Task[None] | None = None
        self._soon = asyncio.Event()
        self._told_problem: Saying | None = None
        self._one_at_a_time = asyncio.Lock()

    # ------------------------------------------------------------------ running

    def start(self) -> None:
        self._looking = asyncio.create_task(self._look_again_and_again(), name="mcp")

    async def stop(self) -> None:
        tasks = [task for task in (self._looking, *self._tasks.values()) if task]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._tasks.clear()
        self._connections.clear()

    async def _look_again_and_again(self) -> None:
        while True:
            self._soon.clear()
            try:
                await self.look()
            except (OSError, apsw.Error) as error:
                log.error("MCP servers not looked at", error=str(error))
            except Exception:  # or no server would be looked after until the next start
                log.exception("MCP servers not looked at")
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_SECONDS):
                    await self._soon.wait()

    def look_soon(self) -> None:
        """Look in a moment: what has led to it may be part of a transaction."""
        self._soon.set()

    async def look(self) -> None:
        """Bring what runs in line with the file and with what the owner has allowed."""
        async with self._one_at_a_time:
            await self._look()

    async def _look(self) -> None:
        servers = self.config.servers()
        told, self._told_problem = self._told_problem, self.config.problem
        if self.config.problem not in (None, told):
            owner = self._users.owner()
            text = say("mcp_file_broken", owner.language, reason=self.config.problem)
            self._outbox.reply(f"mcp:file:{to_text(now())}", owner.id, text)
        for name in self._connections.keys() - servers.keys():
            await self._disconnect(name)
        for name, server in servers.items():
            wanted = not server.disabled and self._allowed(name) == server.fingerprint
            if wanted and self._running(name) != server.fingerprint:
                await self._connect(server)
            elif not wanted:
                await self._disconnect(name)
            if not server.disabled and not wanted:
                self._ask_to_start(server)
            if wanted and name in self._found:
                self._compare(name)

    def _running(self, name: str) -> str | None:
        return self._connections[name][0] if name in self._connections else None

    async def _connect(self, server: ServerConfig) -> None:
        await self._disconnect(server.name)
        connection_class = await asyncio.to_thread(_load)
        connection = connection_class(
            server,
            lambda tools: self._listed(server.name, list(tools)),
            environment=self._environment,
            marker=self._marker,
            proxy_for=self._proxy_for,
            confined=self._confined,
        )
        self._connections[server.name] = (server.fingerprint, connection)
        self._tasks[server.name] = asyncio.create_task(connection.run(), name=f"mcp-{server.name}")

    async def _disconnect(self, name: str) -> None:
        self._connections.pop(name, None)
        self._found.pop(name, None)
        if task := self._tasks.pop(name, None):
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    # ----------------------------------------------------------------- allowing

    def _allowed(self, name: str) -> str:
        return str(self._db.value("SELECT allowed FROM mcp_servers WHERE name = ?", (name,)) or "")

    def _pinned(self, name: str) -> list[ForeignTool] | None:
        text = self._db.value("SELECT tools FROM mcp_servers WHERE name = ?", (name,))
        return offers.from_json(text) if text else None

    def _listed(self, name: str, tools: list[ForeignTool]) -> None:
        """A server has named its tools: the first time they are pinned, later they have to be the same."""
        self._found[name] = tools
        self._compare(name)

    def _compare(self, name: str) -> None:
        tools, pinned = self._found[name], self._pinned(name)
        if pinned is None:
            self._pin(name, tools)
        elif self._has_changed(name, pinned):
            self._ask_about_change(name, pinned, tools)

    def _pin(self, name: str, tools: Sequence[ForeignTool]) -> None:
        self._db.execute("UPDATE mcp_servers SET tools = ? WHERE name = ?", (offers.to_json(tools), name))

    def _ask_to_start(self, server: ServerConfig) -> None:
        owner = self._users.owner()
        lines = [server.url] if server.url else [" ".join([server.command, *map(_shown, server.args)])]
        lines += [say("mcp_headers", owner.language, names=", ".join(server.headers))] if server.headers else []
        names = ", ".join(server.variables) or say("none", owner.language)
        text = say(
            "mcp_ask", owner.language, name=server.name, what=visible("\n".join(lines)), variables=visible(names)
        )
        self.permissions.ask(server.name, server.fingerprint, text)

    def _ask_about_change(self, name: str, old: Sequence[ForeignTool], new: Sequence[ForeignTool]) -> None:
        owner = self._users.owner()
        lines = visible("\n".join(offers.difference(old, new)))
        is_long = len(lines) > SHOWN
        shown = f"{lines[:SHOWN]}…\n{say('mcp_changed_before', owner.language)}" if is_long else lines
        text = say("mcp_changed", owner.language, name=name, difference=shown)
        file = OutFile("document", f"{name}.txt", lines) if is_long else None
        self.permissions.ask(name, offers.to_json(new), text, shown=file)

    def allow(self, name: str) -> bool:
        """The owner has seen what was asked and says yes. Returns whether anything was asked."""
        server = self.config.servers().get(name)
        row = self._db.one("SELECT * FROM mcp_servers WHERE name = ? AND asked_at IS NOT NULL", (name,))
        if server is None or row is None:
            return False
        about_tools = str(row["asked"]).startswith("[")
        if about_tools:  # those that were shown, not those it may have by now
            self._db.execute("UPDATE mcp_servers SET tools = asked, asked_at = NULL WHERE name = ?", (name,))
        elif row["asked"] == server.fingerprint:
            self._db.execute(
                "UPDATE mcp_servers SET allowed = asked, tools = NULL, asked_at = NULL WHERE name = ?", (name,)
            )
        self.look_soon()
        return about_tools or row["asked"] == server.fingerprint

    def deny(self, name: str) -> bool:
        """The owner says no: the server is off until it is enabled again. Returns whether there is such a server.

        Raises NotDone.
        """
        if name not in self.config.servers():
            return False
        try:
            self.config.change(name, {"disabled": True})
        except ConfigError as error:
            raise NotDone(error.saying.said(self._users.owner().language)) from None
        self._db.execute("UPDATE mcp_servers SET asked = '', asked_at = NULL WHERE name = ?", (name,))
        self.look_soon()
        return True

    def given(self, name: str, variable: str, value: str) -> None:
        """The owner has given a variable's value with their own hands: what was allowed before stays so."""
        before = self.config.servers().get(name)
        self.config.set_variable(name, variable, value)
        after = self.config.servers()[name]
        for column in ("allowed", "asked"):  # the same for what they are asked now: it named the variable
            self._db.execute(
                f"UPDATE mcp_servers SET {column} = ? WHERE name = ? AND {column} = ?",
                (after.fingerprint, name, before.fingerprint if before else ""),
            )
        self.look_soon()

    def forget(self, name: str) -> None:
        self._db.execute("DELETE FROM mcp_servers WHERE name = ?", (name,))
        forget_requests(self._db, name)
        self.look_soon()

    # ----------------------------------------------------------------- offering

    def servers(self) -> dict[str, ForeignServer]:
        """What a session of the owner's is offered now; costs no time of any server's."""
        ready = {}
        for name, (fingerprint, _) in self._connections.items():
            pinned = self._pinned(name) if self._allowed(name) == fingerprint else None
            if pinned and not self._has_changed(name, pinned):
                ready[name] = ForeignServer(name, offers.offered(pinned), self._caller(name))
        return ready

    def _has_changed(self, name: str, pinned: Sequence[ForeignTool]) -> bool:
        return name in self._found and offers.to_json(self._found[name]) != offers.to_json(pinned)

    def _caller(self, name: str) -> Callable[[str, dict[str, Any]], Any]:
        async def call(tool: str, arguments: dict[str, Any]) -> dict[str, Any]:
            return await self._call(name, tool, arguments)

        return call

    async def _call(self, name: str, tool: str, arguments: dict[str, Any]) -> dict[str, Any]:
        from jobs.mcp_manager.connection import Broken

        offer = self.servers().get(name)
        if offer is None or tool not in {each.name for each in offer.tools}:
            return _error(f"The server {name} does not offer this any more; see mcp_list.")
        try:
            result = await self._connections[name][1].call(tool, arguments)
        except Broken as error:
            return _error(f"The server {name} could not do it: {error}")
        return {"content": _content(result.content), "is_error": bool(result.is_error)}

    # ------------------------------------------------------------------ telling

    async def states(self) -> list[State]:
        """How every configured server stands, after asking those that are connected whether they still answer."""
        await asyncio.gather(*(connection.ping() for _, connection in self._connections.values()))
        return [self.state(server) for server in self.config.servers().values()]

    async def lines(self) -> list[tuple[str, str, str, int]]:
        """The same for the owner: (name, state, reason, number of tools). What waits for their yes says so itself."""
        language = self._users.owner().language
        told = []
        for each in await self.states():
            name = each.config.name
            problem = self._connections[name][1].problem if name in self._connections else None
            reason = problem.said(language) if problem and each.word == "broken" else ""
            told.append((name, each.word, reason, len(each.tools)))
        return told

    def state(self, server: ServerConfig) -> State:
        word, reason = self._word(server)
        tools = tuple(tool.name for tool in self._pinned(server.name) or ())
        return State(server, word, reason, tools)

    def _word(self, server: ServerConfig) -> tuple[str, str]:
        name = server.name
        if server.disabled:
            return "off", ""
        if self._allowed(name) != server.fingerprint:
            return "waits", "the owner has been asked and has not said yes"
        pinned = self._pinned(name)
        if pinned is not None and self._has_changed(name, pinned):
            return "changed", "its tools are others than the owner allowed; the owner has been asked"
        connection = self._connections[name][1] if name in self._connections else None
        if connection and connection.problem:
            return "broken", str(connection.problem)
        return ("ready", "") if connection and connection.connected else ("starting", "")

    async def settled(self, name: str) -> State | None:
        """How a server stands once its first try to connect has ended; None when there is no such server."""
        await self.look()
        if name in self._connections:
            connection = self._connections[name][1]
            connection.retry()
            await connection.settled.wait()
            await connection.ping()
        server = self.config.servers().get(name)
        return self.state(server) if server else None


def _load() -> "type[Connection]":
    """The MCP SDK takes half a second to load."""
    from jobs.mcp_manager.connection import Connection

    return Connection


def usable_environment(own_names: Collection[str]) -> dict[str, str]:
    """The variables of Jobs' own environment that an entry may name, which are not Jobs' own settings."""
    return {name: value for name, value in os.environ.items() if name not in own_names}


def _content(blocks: Sequence[Any]) -> list[dict[str, Any]]:
    """A result's blocks: text and pictures; of anything else a text that says what it is."""
    content: list[dict[str, Any]] = []
    left = LONGEST_TEXT
    for block in blocks:
        if block.type == "image":
            content.append({"type": "image", "data": block.data, "mimeType": block.mime_type})
            continue
        text = block.text if block.type == "text" else block.model_dump_json(exclude_none=True)
        content.append({"type": "text", "text": text[:left] + ("… (cut)" if len(text) > left else "")})
        left = max(0, left - len(text))
    return content


def _error(text: str) -> dict[str, Any]:
    return {"content": [{"type": "text", "text": text}], "is_error": True}


def _shown(argument: str) -> str:
    return argument if argument and not any(sign.isspace() or sign in "'\"" for sign in argument) else repr(argument)
