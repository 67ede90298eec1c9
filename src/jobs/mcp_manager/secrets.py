"""Secrets that servers want: asked for by code, given in one message of the owner's, seen by no model."""

import re
from collections.abc import Callable
from datetime import timedelta

from jobs.db import Database
from jobs.mcp_manager.config import ConfigError
from jobs.spine.outbox import Outbox
from jobs.texts import say
from jobs.times import now, to_text
from jobs.users.repository import UsersRepository

PATIENCE = timedelta(minutes=15)
"""How long a question for a secret stands: what the owner writes later is for their session."""


_SECRET = re.compile(r"(?!/)(?=\S*\d)[!-~]{8,}")
"""One word of printable ASCII with a digit in it, and no command."""


class Secrets:
    """`given` is told the server, the variable and the value, and may raise ConfigError."""

    def __init__(
        self, db: Database, outbox: Outbox, users: UsersRepository, given: Callable[[str, str, str], None]
    ) -> None:
        self._db = db
        self._outbox = outbox
        self._users = users
        self._given = given

    def ask(self, server: str, variable: str) -> None:
        """Ask the owner for a value; an earlier question is withdrawn. Joins the caller's transaction."""
        owner = self._users.owner()
        with self._db.transaction():
            self._db.execute("UPDATE secret_requests SET state = 'withdrawn' WHERE state = 'open'")
            row = self._db.execute(
                "INSERT INTO secret_requests (server, variable, asked_at) VALUES (?, ?, ?) RETURNING id",
                (server, variable, to_text(now())),
            )[0]
            text = say("mcp_secret_ask", owner.language, server=server, variable=variable)
            self._outbox.reply(f"mcp:secret:{row['id']}", owner.id, text)

    def takes(self, chat: int, text: str, answered: str | None) -> bool:
        """Whether a message of the owner's is the value that was asked for, while a question stands.

        `answered`: the words it replies to. As a reply to the question anything is; else only what looks like a
        secret, so that "спасибо" is not taken for one.
        """
        if chat != self._users.owner_id or not text.strip() or (request := self._open()) is None:
            return False
        question = self._db.value("SELECT text FROM outbox WHERE key = ?", (f"command:mcp:secret:{request[0]}:0",))
        return (answered is not None and answered == question) or bool(_SECRET.fullmatch(text.strip()))

    def take(self, key: str, chat: int, message_id: int, text: str) -> None:
        """Keep the value and answer. The message has to go from the chat. Joins the caller's transaction.

        `key` names the message.
        """
        row = self._open()
        if row is None:
            return
        request, server, variable = row
        owner = self._users.owner()
        try:
            self._given(server, variable, text.strip())
            answer = say("mcp_secret_taken", owner.language, server=server, variable=variable)
        except ConfigError as error:
            answer = say("mcp_secret_failed", owner.language, server=server, variable=variable, reason=error)
        self._db.execute("UPDATE secret_requests SET state = 'given' WHERE id = ?", (request,))
        self._db.execute("INSERT OR IGNORE INTO messages_to_delete VALUES (?, ?)", (chat, message_id))
        self._outbox.reply(key, owner.id, answer)

    def _open(self) -> tuple[int, str, str] | None:
        row = self._db.one(
            "SELECT * FROM secret_requests WHERE state = 'open' AND asked_at >= ? ORDER BY id DESC LIMIT 1",
            (to_text(now() - PATIENCE),),
        )
        return (int(row["id"]), str(row["server"]), str(row["variable"])) if row else None
