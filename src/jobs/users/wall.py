"""What stands between the owner's session and the world: notes whose words it is told, and has it wait for a yes."""

import json
import re
from collections.abc import Callable, Iterable
from typing import Any

from jobs.spine.tool import Tool, Words
from jobs.users.consent import HARMLESS, Consent
from jobs.users.profile import SERVER

_THEIR_UPLOADS = re.compile(r"uploads/(\d{1,18})\b")


class Wall:
    """`lane` is the owner's; `tools` are Jobs' own, of which those that only look at what is here need no yes."""

    def __init__(self, consent: Consent, lane: int, tools: Iterable[Tool[Any]]) -> None:
        self._consent = consent
        self._lane = lane
        own = {f"mcp__{SERVER}__{tool.name}" for tool in tools if not (tool.has_effect or tool.reaches_out)}
        self._harmless = HARMLESS | own

    async def refusal(self, turn_id: int, tool: str, arguments: dict[str, Any], going: Callable[[], bool]) -> str:
        """Why the call must not be made, for the model; "" when it may be. Waits for the owner where it has to."""
        self.saw(turn_id, tool, json.dumps(arguments, ensure_ascii=False))
        if tool in self._harmless:
            return ""
        return await self._consent.refusal(turn_id, tool, arguments, going)

    def told(self, turn_id: int, tool: str, words: Iterable[Words]) -> None:
        """A tool's result with other people's words in it is about to be given to the session."""
        self._consent.marks.note(self._lane, turn_id, tool, words)

    def saw(self, turn_id: int, tool: str, text: str) -> None:
        """A built-in tool's arguments or result: a file that somebody else has sent (`uploads/<id>/…`) marks."""
        for person in dict.fromkeys(_THEIR_UPLOADS.findall(text)):
            self.told(turn_id, tool, [Words(f"id {person}", f"uploads/{person}/…")])
