"""The owner's tools on memory."""

from collections.abc import Callable
from typing import Any

from pydantic import BaseModel, Field

from jobs.memory.index import MemoryIndex
from jobs.memory.storage import MemoryStorage
from jobs.spine.tool import Effect, Tool, Words


class MemoryAppend(BaseModel):
    text: str = Field(min_length=1, max_length=4000, description="One fact, complete in itself")
    section: str | None = Field(None, description="Heading in MEMORY.md, such as People, Preferences, Decisions")


class MemorySearch(BaseModel):
    query: str
    limit: int = Field(5, ge=1, le=50)


class MemoryTools:
    """`is_foreign` tells of a remembered line whether other people's words may be in it."""

    def __init__(
        self, storage: MemoryStorage, index: MemoryIndex, is_foreign: Callable[[str], bool] = lambda _line: False
    ) -> None:
        self._storage = storage
        self._index = index
        self._is_foreign = is_foreign

    def tools(self) -> list[Tool[Any]]:
        return [
            Tool(
                "memory_append", "Remember a fact for good, in MEMORY.md.", MemoryAppend, self.append, has_effect=True
            ),
            Tool("memory_search", "Search what is remembered, by words.", MemorySearch, self.search),
        ]

    async def append(self, call: MemoryAppend) -> Effect:
        # It writes a file, not the database; that is safe to repeat, since the same fact is written once by itself.
        return lambda: {"saved": "MEMORY.md", "section": self._storage.append(call.text, call.section)}

    async def search(self, call: MemorySearch) -> Any:
        passages = self._index.search(call.query, call.limit)
        return {
            "passages": [
                {
                    "text": Words("", found.line.text) if self._is_foreign(found.line.text) else found.line.text,
                    "section": found.line.section,
                    "path": found.line.path,
                    "line": found.line.number,
                }
                for found in passages
            ]
        }
