"""Secrets that servers want: asked for by code, given in one message of the owner's, seen by no model."""

import re
from collections.abc import Callable
from datetime import timedelta

from jobs.db import Database, Row
from jobs.mcp_manager.config import ConfigError
from jobs.spine.model import Incoming
from jobs.spine.outbox import CLOCKS_DIFFER, Outbox
from jobs.texts import Language, say
from jobs.times import now, to_text
from jobs.users.repository import UsersRepository

PATIENCE = timedelta(minutes=15)
"""How long a question stands: what the owner writes later, other than as a reply to it, is for their session."""

_SECRET = re.compile(r"(?!/)(?=\S*\d)[!-~]{8,}")
"""One word of printable ASCII with a digit in it, and no command."""
_OCCASION = re.compile(r"command:mcp:secret:(\d+):")
"""The key that a question was said with."""


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
        """Ask the owner for a value; an earlier question of the same is withdrawn. Joins the caller's transaction."""
        owner = self._users.owner()
        with self._db.transaction():
            self._db.execute(
                "UPDATE secret_requests SET state = 'withdrawn' WHERE state = 'open' AND server = ? AND variable = ?",
                (server, variable),
            )
            row = self._db.execute(
                "INSERT INTO secret_requests (server, variable, asked_at) VALUES (?, ?, ?) RETURNING id",
                (server, variable, to_text(now())),
            )[0]
            text = say("mcp_secret_ask", owner.language, server=server, variable=variable)
            self._outbox.reply(f"mcp:secret:{row['id']}", owner.id, text)

    def takes(self, event: Incoming) -> bool:
        """Whether a message of the owner's is a value that was asked for.

        As a reply to a question anything is, however late: whoever writes it thinks that no model sees it. Else only
        what looks like a secret, while a question stands, so that "спасибо" is not taken for one.
        """
        if event.lane != self._users.owner_id or not event.text.strip():
            return False
        return self._answered(event) is not None or (
            bool(_SECRET.fullmatch(event.text.strip())) and bool(self._open(event))
        )

    def take(self, event: Incoming) -> None:
        """Keep the value and answer. The message has to go from the chat. Joins the caller's transaction."""
        answered = self._answered(event)
        requests = [answered] if answered else self._open(event)
        if not requests or event.message_id is None:
            return
        language = self._users.owner().language
        if len(requests) > 1:  # given to the wrong server it would be no secret any more
            answer = say("mcp_secret_which", language)
        else:
            answer = self._taken(requests[0], event.text.strip(), language)
        self._db.execute("INSERT OR IGNORE INTO messages_to_delete VALUES (?, ?)", (event.lane, event.message_id))
        self._outbox.reply(event.key, event.lane, answer)

    def _taken(self, request: Row, value: str, language: Language) -> str:
        """Hand the value over; returns what the owner is told."""
        names = {"server": request["server"], "variable": request["variable"]}
        self._db.execute("UPDATE secret_requests SET state = 'given' WHERE id = ?", (request["id"],))
        try:
            self._given(request["server"], request["variable"], value)
        except ConfigError as error:
            return say("mcp_secret_failed", language, **names, reason=error)
        return say("mcp_secret_taken", language, **names)

    def _answered(self, event: Incoming) -> Row | None:
        """The question that a message replies to."""
        occasion = event.extras.quote.occasion if event.extras.quote else ""
        found = _OCCASION.match(occasion)
        return self._db.one("SELECT * FROM secret_requests WHERE id = ?", (int(found[1]),)) if found else None

    def _open(self, event: Incoming) -> list[Row]:
        """The questions that stood when a message was written."""
        return self._db.execute(
            "SELECT * FROM secret_requests WHERE state = 'open' AND asked_at BETWEEN ? AND ?",
            (to_text(event.sent_at - PATIENCE), to_text(event.sent_at + CLOCKS_DIFFER)),
        )


def forget_requests(db: Database, server: str) -> None:
    """A server is gone: a late reply to a question still is a secret, but not of another one that gets its name."""
    db.execute("UPDATE secret_requests SET server = '', state = 'withdrawn' WHERE server = ?", (server,))
