"""What several tests need: settings that depend on nothing of the machine's, and a database with people in it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from jobs.config import Settings
from jobs.db import Database, open_database
from jobs.mcp_manager.config import McpConfig
from jobs.mcp_manager.manager import McpManager
from jobs.mcp_manager.registry import Registry
from jobs.mcp_manager.secrets import Secrets
from jobs.mcp_manager.tools import McpTools
from jobs.skills.keeper import Skills
from jobs.spine.inbox import Inbox
from jobs.spine.model import Incoming, Origin, Rendered
from jobs.spine.outbox import Outbox
from jobs.spine.turns import Turns
from jobs.tools.scheduler import HINTED, Scheduler
from jobs.users.letters import Letters
from jobs.users.repository import UsersRepository
from jobs.users.tasks import Tasks
from jobs_simulator.model import ModelRequest, Reply, Text, ToolCall

OWNER = 11
MASHA = 22
PETYA = 33
MOSCOW = ZoneInfo("Europe/Moscow")
NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
DUMMY_KEY = "sk-loopback-dummy-key"


def settings(folder: Path, **changes: Any) -> Settings:
    """Settings for a program in `folder`, with a model's key that is good for nothing."""
    values: dict[str, Any] = {
        "tg_user_id": OWNER,
        "anthropic_api_key": DUMMY_KEY,
        "data_dir": folder / "data",
        "workspace_dir": folder / "workspace",
        "TZ": "Europe/Moscow",
        **changes,
    }
    made = Settings(_env_file=None, **values)  # type: ignore[call-arg]
    for path in (made.data_dir, made.data_dir / "sessions", made.workspace_dir):
        path.mkdir(parents=True, exist_ok=True)
    return made


def lines(text: str) -> list[Rendered]:
    """A renderer with a message for each line that shows something, so that a test sees what is split where."""
    return [Rendered(line) for line in text.splitlines() if line.strip()]


class Spine:
    """The spine on a database of its own, without Telegram and without sessions."""

    def __init__(self, path: Path) -> None:
        self.db: Database = open_database(path)
        self.inbox = Inbox(self.db)
        self.outbox = Outbox(self.db, lines, lines)
        self.turns = Turns(self.db, self.outbox)
        self.users = UsersRepository(self.db, OWNER, MOSCOW)

    def tasks(self, *, confirm: bool = True) -> Tasks:
        """Tasks as the program builds them, told of what was sent. `confirm`: CONFIRM_FIRST_MESSAGES."""
        tasks = Tasks(self.db, self.users, self.outbox, Letters(self.db, self.outbox, self.users, confirm=confirm))
        self.outbox.on_sent = tasks.sent
        return tasks

    def scheduler(self, workspace: Path | None = None) -> Scheduler:
        """The scheduler as the program builds it; checks run in `workspace`."""
        letters = Letters(self.db, self.outbox, self.users)
        return Scheduler(self.db, self.inbox, self.outbox, self.users, letters, workspace or self.db.path.parent)

    def send_all(self, chat: int) -> list[str]:
        """Send what waits for a chat, as Telegram would take it; returns the texts."""
        sent = []
        while row := self.outbox.next(chat):
            self.outbox.sent(row, row.id)
            sent.append(row.text)
        return sent

    def accept(self, text: str, lane: int = MASHA, key: str | None = None) -> bool:
        """Offer a message to the inbox."""
        origin = Origin.OWNER if lane == OWNER else Origin.EXTERNAL
        return self.inbox.accept(Incoming(key or f"{lane}:{text}", lane, origin, text, NOON))

    def states(self, table: str = "inbox") -> list[str]:
        """The state of every row of a table, oldest first."""
        return [row["state"] for row in self.db.execute(f"SELECT state FROM {table} ORDER BY id")]

    def said(self, chat: int | None = None) -> list[str]:
        """What stands in the outbox, oldest first."""
        rows = self.db.execute("SELECT text FROM outbox WHERE ?1 IS NULL OR chat = ?1 ORDER BY id", (chat,))
        return [row["text"] for row in rows]

    def dump(self) -> dict[str, list[dict[str, Any]]]:
        """Everything in the database, to see that nothing changed."""
        tables = [row["name"] for row in self.db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
        return {table: self.db.execute(f"SELECT * FROM {table}") for table in tables}


@contextmanager
def spine_in(folder: Path) -> Iterator[Spine]:
    """A spine with an owner, Маша and Петя in it."""
    spine = Spine(folder / "db.sqlite")
    spine.users.remember(OWNER, "Иван Петров", username="ivan", language="ru")
    spine.users.remember(MASHA, "Мария Иванова", username="masha", phone="79000000003", language="ru", contact_at=NOON)
    spine.users.remember(PETYA, "Peter Pan", username="peter", language="en")
    spine.db.execute("INSERT INTO meta (key, value) VALUES (?, 'told')", (HINTED,))
    try:
        yield spine
    finally:
        spine.db.close()


@contextmanager
def full_disk(db: Database) -> Iterator[None]:
    """While it lasts the database cannot grow, as on a disk without room."""
    before = db.value("PRAGMA max_page_count")
    pages = db.value("PRAGMA page_count")
    db.execute(f"PRAGMA max_page_count = {pages}")
    try:
        yield
    finally:
        db.execute(f"PRAGMA max_page_count = {before}")


def mcp_tools(spine: Spine, folder: Path) -> McpTools:
    """The owner's tools on MCP servers, with none configured and a registry that nobody answers at."""
    config = McpConfig(folder / "mcp_servers.json")
    manager = McpManager(config, spine.db, spine.outbox, spine.users, environment={}, marker={})
    secrets = Secrets(spine.db, spine.outbox, spine.users, manager.given)
    return McpTools(manager, Registry("http://127.0.0.1:1", folder), secrets)


def skills_in(spine: Spine, folder: Path) -> Skills:
    """The skills of the workspace in `folder`, without those that are shipped."""
    for path in (folder / "workspace", folder / "data"):
        path.mkdir(exist_ok=True)
    return Skills(folder / "workspace", folder / "data", spine.db, spine.outbox, spine.users)


class CallMaker:
    """A model that makes the call that a message is (`tool {json}`), then says what came back."""

    async def __call__(self, request: ModelRequest) -> Reply:
        name, _, arguments = request.last_user_text.partition(" ")
        if arguments.startswith("{") and not request.tool_results:
            return Reply(ToolCall(name, json.loads(arguments)))
        if request.tool_results:
            return Reply(Text(f"RESULT {request.tool_results[-1].text}"))
        return Reply(Text(f"ECHO {request.last_user_text}"))


def call(tool: str, **arguments: object) -> str:
    """A message that is such a call."""
    return f"{tool} {json.dumps(arguments)}"
