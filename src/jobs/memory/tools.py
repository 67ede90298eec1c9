"""The owner's tools on memory."""

from dataclasses import asdict
from datetime import date, datetime, timedelta
from typing import Any

from pydantic import BaseModel, Field

from jobs.memory.documents import CONVERSATIONS, Kind, Records
from jobs.memory.index import IndexUnavailable, MemoryIndex
from jobs.memory.marks import AGENT, OWNER, Mark, external
from jobs.memory.search import Hit, Wanted
from jobs.memory.storage import MemoryStorage, StorageError
from jobs.spine.tool import Effect, NoArguments, Tool, ToolError
from jobs.times import now

CONTEXT_CHARACTERS = 12_000
READ_CHARACTERS = 30_000

SAID_BY = Field(
    "agent", max_length=100, description='Whose words these are: "owner", "agent" (your own conclusion), or a name'
)


class MemoryAppend(BaseModel):
    text: str = Field(min_length=1, max_length=4000, description="One fact, complete in itself")
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
    since: date | None = Field(None, description="A day: only from it on")
    until: date | None = Field(None, description="A day: only up to it")


class MemoryRead(BaseModel):
    path: str = Field(description="As memory_search gives it: MEMORY.md, memory/2026-11-22.md, conversations/…")
    line_start: int = Field(1, ge=1)
    line_end: int | None = Field(None, ge=1)


class MemoryForget(BaseModel):
    words: str = Field(min_length=2, description="Lines of MEMORY.md and the day logs with all of these words go")
    confirmed: bool = Field(False, description="False only shows what would go. True after the owner has agreed to it")


class MemoryTools:
    """`records` are the conversations, for memory_read; a day is one of their zone."""

    def __init__(self, storage: MemoryStorage, index: MemoryIndex, records: Records) -> None:
        self._storage = storage
        self._index = index
        self._records = records

    def tools(self) -> list[Tool[Any]]:
        return [
            Tool(
                "memory_search",
                "Search what is remembered: facts, day logs, notes and every conversation. By words and by meaning, "
                "Russian and English alike. A source that begins with external is another person's words.",
                MemorySearch,
                self.search,
            ),
            Tool("memory_read", "Read lines around what memory_search found.", MemoryRead, self.read),
            Tool(
                "memory_append",
                "Remember a fact for good, in MEMORY.md. The same is not kept twice.",
                MemoryAppend,
                self.append,
                has_effect=True,
            ),
            Tool("memory_log", "Note what happened today, in today's log.", MemoryLog, self.log, has_effect=True),
            Tool(
                "memory_forget",
                "Remove lines for good. Without confirmed it shows what would go.",
                MemoryForget,
                self.forget,
                has_effect=True,
            ),
            Tool("memory_context", "MEMORY.md and the logs of today and yesterday.", NoArguments, self.context),
            Tool("memory_reindex", "Make the search's index anew.", NoArguments, self.reindex),
        ]

    async def search(self, call: MemorySearch) -> Any:
        kinds = (call.kind,) if call.kind else ()
        wanted = Wanted(call.query, call.limit, call.person, kinds, call.since, call.until)
        try:
            hits = await self._index.search(wanted)
        except IndexUnavailable as error:
            raise ToolError(str(error)) from None
        return {"passages": [_told(hit) for hit in hits]}

    async def read(self, call: MemoryRead) -> Any:
        if call.path.startswith(f"{CONVERSATIONS}/"):
            text = self._conversation(call)
        else:
            try:
                text = self._storage.read(call.path, call.line_start, call.line_end)
            except StorageError as error:
                raise ToolError(str(error)) from None
        return {"path": call.path, "text": text[:READ_CHARACTERS], "cut": len(text) > READ_CHARACTERS}

    async def append(self, call: MemoryAppend) -> Effect:
        # It writes a file, not the database; that is safe to repeat, since the same fact is written once by itself.
        def effect() -> Any:
            at = self._now()
            try:
                saved = self._storage.append(call.text, call.section, _mark(call.said_by, at), call.replaces)
            except StorageError as error:
                raise ToolError(str(error)) from None
            if saved.done == "replaced" and saved.before:
                self._storage.log(f"MEMORY.md no longer says: {saved.before}", at, _mark(AGENT, at))
            told = {"saved": "MEMORY.md", **asdict(saved), "similar": list(saved.similar)}
            return {name: value for name, value in told.items() if value}

        return effect

    async def log(self, call: MemoryLog) -> Effect:
        def effect() -> Any:
            at = self._now()
            fresh = self._storage.log(call.text, at, _mark(call.said_by, at))
            return {"saved": f"memory/{at.date().isoformat()}.md", "done": "added" if fresh else "known"}

        return effect

    async def forget(self, call: MemoryForget) -> Effect:
        def effect() -> Any:
            lines = self._storage.forget(call.words) if call.confirmed else self._storage.find(call.words)
            return {"forgotten" if call.confirmed else "would_go": [asdict(line) for line in lines]}

        return effect

    async def context(self, _: NoArguments) -> Any:
        today = self._now().date()
        return {
            "memory": self._storage.whole()[:CONTEXT_CHARACTERS],
            "today": self._storage.day(today)[-CONTEXT_CHARACTERS:],
            "yesterday": self._storage.day(today - timedelta(days=1))[-CONTEXT_CHARACTERS:],
        }

    async def reindex(self, _: NoArguments) -> Any:
        try:
            stats = await self._index.reindex()
        except IndexUnavailable as error:
            raise ToolError(str(error)) from None
        return {name: stats[name] for name in ("documents", "passages", "without_vector")}

    def _conversation(self, call: MemoryRead) -> str:
        try:
            _, lane, day = call.path.split("/")
            messages = self._records.said(int(lane), date.fromisoformat(day))
        except ValueError:
            raise ToolError(f"{call.path} is no conversation's path; memory_search gives them") from None
        lines = [message.line(self._records.zone) for message in messages]
        return "\n".join(lines[call.line_start - 1 : call.line_end])

    def _now(self) -> datetime:
        return now().astimezone(self._records.zone)


def _told(hit: Hit) -> dict[str, Any]:
    fields = ("text", "path", "line_start", "line_end", "date", "source", "heading", "score")
    return {name: value for name in fields if (value := getattr(hit, name)) not in (None, "")}


def _mark(said_by: str, at: datetime) -> Mark:
    who = said_by.strip()
    return Mark(who.lower() if who.lower() in (OWNER, AGENT) else external(who), at.date())
