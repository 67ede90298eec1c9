"""Recall without being asked: the few passages that belong to what the owner has just written."""

import difflib
import hashlib
import json
import re
from collections.abc import Sequence
from datetime import datetime

import structlog

from jobs.db import Database
from jobs.memory.documents import CONVERSATIONS
from jobs.memory.index import IndexUnavailable, MemoryIndex
from jobs.memory.marks import is_foreign
from jobs.memory.search import Hit, Wanted
from jobs.memory.storage import MemoryStorage, StorageError
from jobs.times import from_text, now, to_text

log = structlog.get_logger()

SECONDS = 5.0
"""How long the index is asked for an answer; the turn decides how long it waits for it."""
FLOOR = 0.22
"""The score below which a passage has little to do with the message."""
NEAR_BEST = 0.6
"""And what it has to reach of the best one's."""
PASSAGES = 4
TOKENS = 800
BYTES_A_TOKEN = 4
CHANGES = 20
"""Lines of a change by hand that are told at most."""
ASKED_CHARACTERS = 1000
TOLD = "recalled"
"""The key in `meta` of what was handed over to the owner's conversation, as digests."""
BEGAN = "recalled:began"
"""And of the moment from which on the conversation holds what was said in the owner's chat."""
MOST_TOLD = 1000

_AT = re.compile(r"\d\d:\d\d")


class Recall:
    """What is handed over once to a conversation is not handed over to it again, also after a restart.

    The text of MEMORY.md that the prompt has is kept here, so that a later edit can be told as what it changed.
    """

    def __init__(self, storage: MemoryStorage, index: MemoryIndex, owner: int, budget: int, db: Database) -> None:
        self._storage = storage
        self._index = index
        self._own = f"{CONVERSATIONS}/{owner}/"
        self._budget = budget
        self._db = db
        self._known = ""
        self._in_prompt = ""

    def facts(self) -> str:
        """All of MEMORY.md where it fits into the budget of tokens, else its headings with how much is under each.

        What other people have said is left out: a prompt has nothing in it that somebody else could have written.
        """
        try:
            self._known = whole = self._storage.facts(foreign=False)
        except StorageError as error:
            self._known = self._in_prompt = ""
            log.warning("the prompt is without memory", error=str(error))
            return f"({error})"
        self._in_prompt = whole if tokens(whole) <= self._budget else ""
        return whole if self._in_prompt else headings(whole)[: self._budget * BYTES_A_TOKEN // 2]

    def changes(self) -> list[str]:
        """What was changed in MEMORY.md since this or `facts` was last asked, a line for each line; CHANGES at most."""
        try:
            before, self._known = self._known, self._storage.facts(foreign=False)
        except StorageError:  # what the prompt says of it still holds
            return []
        if before == self._known:
            return []
        changed = [
            f"{line[0]} {line[1:].strip()}"
            for line in difflib.unified_diff(before.split("\n"), self._known.split("\n"), n=0, lineterm="")
            if line[0] in "+-" and line[:3] not in ("+++", "---") and line[1:].strip()
        ]
        return changed if len(changed) <= CHANGES else [*changed[:CHANGES], "… (memory_read tells the rest)"]

    async def find(self, texts: Sequence[str]) -> list[Hit]:
        """The passages about a turn's messages, best first; none when the index does not answer in time."""
        query = " ".join(texts).strip()[:ASKED_CHARACTERS]
        if not query or not (self._index.places.index.exists() or self._storage.has_any):
            return []  # on the first day there is nothing but the conversation itself: no worker is started for that
        try:
            return await self._index.search(Wanted(query, 3 * PASSAGES), SECONDS, fresh=False)
        except IndexUnavailable as error:
            log.info("turn without recall", reason=str(error))
            return []

    def choose(self, found: Sequence[Hit], *, began: datetime | None) -> list[Hit]:
        """The few of them that are worth their place in the turn.

        `began`: of a new conversation, the moment from which on it holds what was said; None: it has the earlier
        choices. Other people's are among them, for their name and day only: whoever hands them on must leave out their
        text.
        """
        known: list[str] = json.loads(self._db.meta.get(TOLD, "[]"))
        told = [] if began else known
        noted = self._db.meta.get(BEGAN)
        since = began or (from_text(noted) if noted else now())
        # The message itself is in the records by now, and would be the best of all.
        hits = [hit for hit in found if not self._is_in_context(hit, since)]
        floor = max(FLOOR, NEAR_BEST * hits[0].score) if hits else FLOOR
        chosen: list[Hit] = []
        left = TOKENS
        for hit in hits:
            is_told = _digest(hit) in told
            cost = 0 if is_foreign(hit.source) else tokens(hit.text)
            if hit.score >= floor and not is_told and cost <= left and len(chosen) < PASSAGES:
                chosen.append(hit)
                left -= cost
        told = [*told, *map(_digest, chosen)][-MOST_TOLD:]
        if told != known or began:
            self._note(told, since)
        return chosen

    def cut(self) -> None:
        """The conversation has lost its beginning, up to this moment: what it was told is told again."""
        self._note([], now())

    def _note(self, told: list[str], since: datetime) -> None:
        with self._db.transaction(durable=False):
            self._db.meta[TOLD], self._db.meta[BEGAN] = json.dumps(told), to_text(since)

    def _is_in_context(self, hit: Hit, since: datetime) -> bool:
        if hit.kind == "memory" and not is_foreign(hit.source):
            return hit.text in self._in_prompt
        at = _AT.match(hit.text) if hit.path.startswith(self._own) else None
        if at is None or hit.date is None:
            return False
        zone = self._index.places.zone
        first = datetime.fromisoformat(f"{hit.date}T{at[0]}").replace(tzinfo=zone)
        return first >= since.astimezone(zone).replace(second=0, microsecond=0)


def _digest(hit: Hit) -> str:
    return hashlib.blake2b(f"{hit.path}\0{hit.text}".encode("utf-8", "replace"), digest_size=8).hexdigest()


def tokens(text: str) -> int:
    """About how many tokens a text is: four bytes each, two letters of Russian or four of English."""
    return len(text.encode("utf-8", "replace")) // BYTES_A_TOKEN


def headings(text: str) -> str:
    """The headings of a Markdown text, each with the number of lines under it."""
    found: list[tuple[str, int]] = []
    for line in text.split("\n"):
        if line.startswith("#"):
            found.append((line, 0))
        elif line.strip() and found:
            found[-1] = (found[-1][0], found[-1][1] + 1)
    return "\n".join(f"{heading} ({count} lines)" for heading, count in found)
