"""How a session that nobody talks with speaks to the owner: a tool. Not calling it is silence."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import uuid4

from pydantic import BaseModel, Field

from jobs.db import Database
from jobs.spine.model import OutboxKind
from jobs.spine.outbox import Outbox
from jobs.spine.own_lanes import OwnLane
from jobs.spine.tool import Effect, Tool
from jobs.times import now, to_text
from jobs.users.repository import UsersRepository

KEY = "notify"
"""How the occasions of notices begin: `notify:<lane>:<id>`."""
PAUSE = timedelta(hours=24)
"""For so long the same words are not said again by the same kind of session."""


class NotifyOwner(BaseModel):
    text: str = Field(min_length=1, max_length=3000, description="What the owner is told, in a few short lines")


class Notices:
    def __init__(self, db: Database, outbox: Outbox, users: UsersRepository) -> None:
        self._db = db
        self._outbox = outbox
        self._users = users
        self.on_said: Callable[[OwnLane], None] = lambda lane: None
        """Told in the transaction in which a session notifies."""

    def tools(self, lane: int) -> list[Tool[Any]]:
        return [
            Tool(
                "notify_owner",
                "Tell the owner something, once and all together. It is the only way your words reach anybody.",
                NotifyOwner,
                partial(self.notify, lane=lane),
                has_effect=True,
            )
        ]

    async def notify(self, call: NotifyOwner, lane: int) -> Effect:
        own = OwnLane.of(lane)
        prefix = f"{KEY}:{own.kind}" if own else KEY

        def effect() -> Any:
            said = self._db.one(
                "SELECT 1 FROM outbox WHERE chat = ? AND text = ? AND created_at > ? AND key GLOB ? LIMIT 1",
                (self._users.owner_id, call.text.strip(), to_text(now() - PAUSE), f"{prefix}:*"),
            )
            if said:
                return {"said": False, "why": "The owner was told this already, in the same words."}
            # A notice, since there may be words of others in it: nothing in it is the owner's session's own.
            self._outbox.say(f"{prefix}:{uuid4()}", self._users.owner_id, OutboxKind.NOTICE, call.text.strip())
            if own:
                self.on_said(own)
            return {"said": True}

        return effect
