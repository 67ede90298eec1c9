"""The owner's tools on memory."""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

from pydantic import BaseModel, Field

from jobs.memory.documents import CONVERSATIONS, DAYS, MEMORY, Kind, Records, lane_and_day
from jobs.memory.index import IndexUnavailable, MemoryIndex
from jobs.memory.marks import AGENT, EXTERNAL, OWNER, REPLACED, Mark, author_of, external, is_foreign
from jobs.memory.periods import period
from jobs.memory.search import Hit, Wanted
from jobs.memory.storage import Line, MemoryStorage, StorageError
from jobs.spine.tool import Effect, NoArguments, Tool, ToolError, Words
from jobs.times import now

CONTEXT_CHARACTERS = 12_000
"""Of each file that memory_context tells."""
READ_CHARACTERS = 30_000

SAID_BY = Field(
    "agent", max_length=100, description='Whose words these are: "owner", "agent" (your own conclusion), or a name'
)


class MemoryAppend(BaseModel):
    text: str = Field(
        min_length=1,
        max_length=4000,
        description='One fact, complete in itself; "key: value" takes the place of the line with that key',
    )
    section: str | None = Field(None, description="Heading in MEMORY.md, such as People, Preferences, Decisions")
    said_by: str = SAID_BY
    replaces: str = Field("", description="The words of a fact in MEMORY.md that is no longer true; it gives way")


class MemoryLog(BaseModel):
    text: str = Field(min_length=1, max_length=4000, description="What happened, in one or two sentences")
    said_by: str = SAID_BY


class MemorySearch(BaseModel):
    query: str
    limit: int = Field(5, ge=1, le=50)
    person: str | None = Field(None, description="Only what this person said, was told or is named in")
    kind: Kind | None = None
    period: str | None = Field(
        None, description='Only these days: "2026-03-05", "2026-03", "yesterday", "last week", "прошлый месяц", "March"'
    )
    since: date | None = Field(None, description="A day: only from it on")
    until: date | None = Field(None, description="A day: only up to it")


class MemoryRead(BaseModel):
    path: str = Field(description="As memory_search gives it: MEMORY.md, memory/2026-11-22.md, conversations/…")
    line_start: int = Field(1, ge=1)
    line_end: int | None = Field(None, ge=1)


class MemoryForget(BaseModel):
    words: str = Field(min_length=2, description="Lines of MEMORY.md and the day logs with all of these words go")
    confirm: str = Field(
        "", description="Without it the lines are only shown; then the code shown with them, once the owner has agreed"
    )


class MemoryTools:
    """`records` are the conversations, for memory_read; a day is one of their zone.

    `others` tells whose words stand in the conversation of a lane's session, "" when nobody else's do: what is written
    down then may be theirs, whatever the session says of it.
    """

    def __init__(
        self,
        storage: MemoryStorage,
        index: MemoryIndex,
        records: Records,
        others: Callable[[int], str] = lambda lane: "",
    ) -> None:
        self._storage = storage
        self._index = index
        self._records = records
        self._others = others

    def tools(self, lane: int) -> list[Tool[Any]]:
        """For the session of a lane."""
        return [
            Tool(
                "memory_search",
                "Search what is remembered: facts, day logs, notes and every conversation. By words and by meaning, "
                "Russian and English alike. The source external is another person's words.",
                MemorySearch,
                self.search,
            ),
            Tool("memory_read", "Read lines around what memory_search found.", MemoryRead, self.read),
            Tool(
                "memory_append",
                "Remember a fact for good, in MEMORY.md. The same is not kept twice; what another person has said goes "
                "into today's log.",
                MemoryAppend,
                partial(self.append, lane=lane),
                has_effect=True,
            ),
            Tool(
                "memory_log",
                "Note what happened today, in today's log.",
                MemoryLog,
                partial(self.log, lane=lane),
                has_effect=True,
            ),
            Tool(
                "memory_forget",
                "Remove lines for good. The first call shows what would go.",
                MemoryForget,
                self.forget,
                has_effect=True,
            ),
            Tool("memory_context", "MEMORY.md and the logs of today and yesterday.", NoArguments, self.context),
            Tool("memory_reindex", "Make the search's index anew.", NoArguments, self.reindex),
        ]

    async def search(self, call: MemorySearch) -> Any:
        kinds = (call.kind,) if call.kind else ()
        since, until = call.since, call.until
        if call.period:
            days = period(call.period, self._now().date())
            if days is None:
                raise ToolError(f"{call.period!r} names no days; give since and until as days, such as 2026-03-05")
            since, until = days
        wanted = Wanted(call.query, call.limit, call.person, kinds, since, until)
        try:
            hits = await self._index.search(wanted)
        except IndexUnavailable as error:
            raise ToolError(str(error)) from None
        return {"passages": [_told(hit) for hit in hits]}

    async def read(self, call: MemoryRead) -> Any:
        if call.path.startswith(f"{CONVERSATIONS}/"):
            lines = self._conversation(call)
        else:
            try:
                lines = self._storage.read(call.path, call.line_start, call.line_end)
            except StorageError as error:
                raise ToolError(str(error)) from None
        text, is_cut = _handed(lines, READ_CHARACTERS)
        return {"path": call.path, "text": text, "cut": is_cut}

    async def append(self, call: MemoryAppend, lane: int) -> Effect:
        # It writes a file, not the database; that is safe to repeat, since the same fact is written once by itself.
        def effect() -> Any:
            at = self._now()
            mark = self._mark(call.said_by, at, lane)
            if is_foreign(
                _source(call.said_by)
            ):  # to be a fact it takes the owner's word, or the agent's own conclusion
                return self._log(call.text, at, mark)
            try:
                saved = self._storage.append(call.text, call.section, mark, call.replaces)
            except StorageError as error:
                raise ToolError(str(error)) from None
            if saved.done == "replaced" and saved.before:
                gone = (
                    Mark(saved.before_source, at.date())
                    if is_foreign(saved.before_source)
                    else self._mark(AGENT, at, lane)
                )
                self._log(f"{REPLACED}{saved.before}", at, gone)
            told = {
                "saved": "MEMORY.md",
                "section": saved.section,
                "done": saved.done,
                "before": _words(saved.before or "", saved.before_source),
                "similar": [_words(text, source) for text, source in saved.similar],
            }
            return {name: value for name, value in told.items() if value}

        return effect

    async def log(self, call: MemoryLog, lane: int) -> Effect:
        def effect() -> Any:
            at = self._now()
            return self._log(call.text, at, self._mark(call.said_by, at, lane))

        return effect

    async def forget(self, call: MemoryForget) -> Effect:
        def effect() -> Any:
            try:
                lines = self._storage.find(call.words)
                code = _code(lines)
                done = call.confirm == code and bool(lines)
                if done:
                    self._storage.forget(call.words)
            except StorageError as error:
                raise ToolError(str(error)) from None
            shown = [{"path": line.path, "line": line.number, "text": _words(line.text, line.source)} for line in lines]
            return {"forgotten": shown} if done else {"would_go": shown, "confirm": code if lines else ""}

        return effect

    async def context(self, _: NoArguments) -> Any:
        today = self._now().date()
        try:
            memory = self._storage.read(MEMORY) if self._storage.memory.exists() else []
        except StorageError as error:
            memory = [Line(MEMORY, 1, f"({error})")]
        try:
            days = {"today": self._storage.day(today), "yesterday": self._storage.day(today - timedelta(days=1))}
        except StorageError as error:
            raise ToolError(str(error)) from None
        return {"memory": _handed(memory, CONTEXT_CHARACTERS)[0]} | {
            name: _handed(lines, CONTEXT_CHARACTERS, newest=True)[0] for name, lines in days.items()
        }

    async def reindex(self, _: NoArguments) -> Any:
        try:
            stats = await self._index.reindex()
        except IndexUnavailable as error:
            raise ToolError(str(error)) from None
        return {name: stats[name] for name in ("documents", "passages", "without_vector")}

    def _log(self, text: str, at: datetime, mark: Mark) -> Any:
        try:
            fresh = self._storage.log(text, at, mark)
        except StorageError as error:
            raise ToolError(str(error)) from None
        return {"saved": f"{DAYS}/{at.date().isoformat()}.md", "done": "added" if fresh else "known"}

    def _conversation(self, call: MemoryRead) -> list[Line]:
        try:
            lane, day = lane_and_day(call.path)
        except ValueError:
            raise ToolError(f"{call.path} is no conversation's path; memory_search gives them") from None
        zone = self._records.zone
        lines = [
            Line(call.path, number, message.line(zone), message.source)
            for number, message in enumerate(self._records.said(lane, day), 1)
        ]
        return lines[call.line_start - 1 : call.line_end]

    def _mark(self, said_by: str, at: datetime, lane: int) -> Mark:
        others = self._others(lane)
        return Mark(external(others) if others else _source(said_by), at.date())

    def _now(self) -> datetime:
        return now().astimezone(self._records.zone)


def _source(said_by: str) -> str:
    who = said_by.strip()
    return who.lower() if who.lower() in (OWNER, AGENT) else external(who)


def _told(hit: Hit) -> dict[str, Any]:
    """A hit as the session is told it: another person's words are a quotation, and their name is nowhere else."""
    told: dict[str, Any] = {"text": _words(hit.text, hit.source)}
    names = ["path", "line_start", "line_end", "date", "source", "heading", "score", "link"]
    if is_foreign(hit.source):
        told["source"] = EXTERNAL
        names = [name for name in names if name not in ("source", "heading")]
    return told | {name: value for name in names if (value := getattr(hit, name)) not in (None, "")}


def _words(text: str, source: str) -> str | Words:
    return Words(author_of(source), text) if is_foreign(source) else text


def _handed(lines: Iterable[Line], most: int, *, newest: bool = False) -> tuple[Any, bool]:
    """Lines as a tool's result, other people's as quotations, and whether something was left out.

    `newest`: the end is kept rather than the beginning.
    """
    kept: list[Line] = []
    left = most
    whole = list(lines)
    for line in reversed(whole) if newest else whole:
        if left <= 0:
            break
        kept.append(replace(line, text=line.text[:left]))
        left -= len(line.text) + 1
    if newest:
        kept.reverse()
    parts: list[tuple[str, str]] = []
    for line in kept:
        source = line.source if is_foreign(line.source) else ""
        if parts and parts[-1][0] == source:
            parts[-1] = (source, f"{parts[-1][1]}\n{line.text}")
        else:
            parts.append((source, line.text))
    handed = [_words(text, source) for source, text in parts]
    return handed[0] if len(handed) == 1 else handed or "", len(kept) < len(whole) or left < -1


def _code(lines: list[Line]) -> str:
    """Names exactly these lines, so that what goes is what was shown."""
    shown = "\n".join(f"{line.path}:{line.number}:{line.text}" for line in lines)
    return hashlib.blake2b(shown.encode("utf-8", "replace"), digest_size=4).hexdigest()
