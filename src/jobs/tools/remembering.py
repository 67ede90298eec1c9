"""Memory as the owner's session is given it: passages of the index in the form that prompts take."""

from collections.abc import Callable, Sequence
from datetime import datetime

from jobs.memory.marks import author_of, is_foreign
from jobs.memory.recall import Recall
from jobs.memory.search import Hit
from jobs.users.remembering import Recalled


class OwnersMemory:
    """See `jobs.users.remembering.Remembering`; `ending` is handed on to what keeps notes."""

    def __init__(self, recall: Recall, ending: Callable[[], None] = lambda: None) -> None:
        self._recall = recall
        self.ending = ending

    def facts(self) -> str:
        return self._recall.facts()

    def changes(self) -> list[str]:
        return self._recall.changes()

    async def find(self, texts: Sequence[str]) -> list[Hit]:
        return await self._recall.find(texts)

    def choose(self, found: Sequence[Hit], *, began: datetime | None) -> list[Recalled]:
        return [_recalled(hit) for hit in self._recall.choose(found, began=began)]

    def cut(self) -> None:
        self.ending()
        self._recall.cut()


def _recalled(hit: Hit) -> Recalled:
    where = f"{hit.path}:{hit.line_start}"
    if is_foreign(hit.source):
        return Recalled(where, hit.date, "", "", author_of(hit.source))
    return Recalled(where, hit.date, hit.source, hit.text)
