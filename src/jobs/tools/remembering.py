"""Memory as the owner's session is given it: passages of the index in the form that prompts take."""

from collections.abc import Sequence

from jobs.memory.recall import Recall
from jobs.users.remembering import Recalled


class OwnersMemory:
    """See `jobs.users.remembering.Remembering`."""

    def __init__(self, recall: Recall) -> None:
        self._recall = recall

    def facts(self) -> str:
        return self._recall.facts()

    async def about(self, texts: Sequence[str], facts: str, session: str) -> list[Recalled]:
        return [
            Recalled(f"{hit.path}:{hit.line_start}", hit.date, hit.source, hit.text)
            for hit in await self._recall.about(texts, facts, session)
        ]
