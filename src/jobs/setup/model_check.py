"""One call of the model, through the same CLI as every session."""

import asyncio
import tempfile
from pathlib import Path

from jobs.config import Settings
from jobs.db import open_database
from jobs.spine.model import Usage
from jobs.spine.turns import ToolJournal
from jobs.users.cli_launcher import write_launcher
from jobs.users.model import Role
from jobs.users.profile import SessionPaths
from jobs.users.session import Session, SessionPlan
from jobs.users.session_file import SessionFile

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
        paths = SessionPaths.make(folder, "check", empty)
        file = SessionFile(folder / "check.session", paths.config / "projects")
        plan = SessionPlan(Role.EXTERNAL, PROMPT, [], {}, settings.claude_model)
        session = Session(settings, plan, paths, file, write_launcher(folder / "claude-launcher"), "")
        db = open_database(folder / "db.sqlite")
        try:
            async with asyncio.timeout(CHECK_SECONDS):
                await session.connect()
                return (await session.run([{"type": "text", "text": "OK?"}], ToolJournal(db, 0))).usage
        finally:
            await asyncio.shield(session.close())
            db.close()
