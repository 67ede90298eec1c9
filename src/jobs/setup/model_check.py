"""One call of the model, through the same CLI as every session."""

import asyncio
import tempfile
from pathlib import Path

from jobs.broker import Broker, Ledger
from jobs.config import Settings
from jobs.db import open_database
from jobs.spine.model import Usage
from jobs.spine.turns import ToolJournal
from jobs.users.cli_launcher import write_launcher
from jobs.users.model import Role
from jobs.users.session import Access, Session, SessionPlan
from jobs.users.session_file import SessionFile
from jobs.walls import Walls

CHECK_SECONDS = 90.0
PROMPT = "This is a test of the connection. Answer with the word OK."


async def check_model(settings: Settings) -> Usage:
    """One short call, in a session locked as an external person's but without any tool, to the owner's model.

    Returns what it used. Raises ModelUnavailable, SessionFailed or TimeoutError.
    """
    with tempfile.TemporaryDirectory(dir=settings.data_dir, prefix="check-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        empty = folder / "empty"
        empty.mkdir()
        empty.chmod(0o755)  # the session may be another Unix user's
        walls = Walls.of(settings)
        paths = walls.paths(folder, "check", empty, is_owner=False)
        file = SessionFile(folder / "check.session", paths.config / "projects")
        plan = SessionPlan(Role.EXTERNAL, PROMPT, [], {}, settings.claude_model)
        db = open_database(folder / "db.sqlite")
        broker = Broker(settings, Ledger(db))
        launcher = write_launcher(folder / "claude-launcher")
        session = Session(settings, plan, walls, paths, file, launcher, "", broker, Access(0, lambda: None))
        broker.start()
        try:
            async with asyncio.timeout(CHECK_SECONDS):
                await session.connect()
                return (await session.run([{"type": "text", "text": "OK?"}], ToolJournal(db, 0))).usage
        finally:
            await asyncio.shield(_end(session, broker))
            db.close()


async def _end(session: Session, broker: Broker) -> None:
    await session.close()
    await broker.stop()
