"""Recall without being asked: the few passages that belong to what the owner has just written."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

import structlog

from jobs.memory.documents import CONVERSATIONS
from jobs.memory.index import IndexUnavailable, MemoryIndex
from jobs.memory.search import Hit, Wanted
from jobs.memory.storage import MemoryStorage

log = structlog.get_logger()

SECONDS = 0.3
"""A turn waits no longer than this; it then goes without, and has memory_search."""
FLOOR = 0.25
"""The score below which a passage has little to do with the message."""
NEAR_BEST = 0.6
"""And what it has to reach of the best one's."""
PASSAGES = 4
TOKENS = 800
BYTES_A_TOKEN = 4
ASKED_CHARACTERS = 1000
FRESH = timedelta(days=1)
"""How far back the owner's own conversation is taken to be in the session's context."""


class Recall:
    """What is handed over once to a session is not handed over to it again."""

    def __init__(
        self, storage: MemoryStorage, index: MemoryIndex, owner: int, budget: int, patience: float = SECONDS
    ) -> None:
        self._storage = storage
        self._index = index
        self._own = f"{CONVERSATIONS}/{owner}/"
        self._budget = budget
        self._patience = patience
        self._session = ""
        self._told: set[tuple[str, str]] = set()

    def facts(self) -> str:
        """All of MEMORY.md where it fits into the budget of tokens, else its headings with how much is under each."""
        whole = self._storage.whole()
        return whole if tokens(whole) <= self._budget else headings(whole)[: self._budget * BYTES_A_TOKEN // 2]

    async def about(self, texts: Sequence[str], facts: str, session: str) -> list[Hit]:
        """The passages about a turn's messages, best first; none when the index does not answer in time."""
        if session != self._session:
            self._session, self._told = session, set()
        query = " ".join(texts).strip()[:ASKED_CHARACTERS]
        if not query:
            return []
        try:
            hits = await self._index.search(Wanted(query, 3 * PASSAGES), self._patience)
        except IndexUnavailable as error:
            log.info("turn without recall", reason=str(error))
            return []
        # The message itself is in the records by now, and would be the best of all.
        hits = [hit for hit in hits if not self._is_in_context(hit, facts)]
        floor = max(FLOOR, NEAR_BEST * hits[0].score) if hits else FLOOR
        chosen: list[Hit] = []
        left = TOKENS
        for hit in hits:
            known = (hit.path, hit.text) in self._told
            if hit.score >= floor and not known and tokens(hit.text) <= left and len(chosen) < PASSAGES:
                chosen.append(hit)
                left -= tokens(hit.text)
        self._told.update((hit.path, hit.text) for hit in chosen)
        return chosen

    def _is_in_context(self, hit: Hit, facts: str) -> bool:
        if hit.kind == "memory":
            return hit.text in facts
        today = datetime.now(self._index.places.zone).date()
        return hit.path.startswith(self._own) and hit.date is not None and date.fromisoformat(hit.date) >= today - FRESH


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
