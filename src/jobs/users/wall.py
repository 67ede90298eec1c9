"""What stands between the owner's session and the world: notes whose words it is told, and has it wait for a yes."""

import json
import os
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from jobs.spine.tool import Tool, Words
from jobs.users.consent import HARMLESS, Consent
from jobs.users.model import Role
from jobs.users.profile import SERVER

_THEIR_UPLOADS = re.compile(r"uploads/+(?:\./+)*(\d{1,18})\b")
_ANYBODYS_UPLOADS = re.compile(
    r"uploads/+(?:[^\s\"'/]*[*?\[{$][^\s\"'/]*/|\*\*)|\bcd\s+[^\s;&|]*uploads/*\\?[\"']?(?=$|[\s;&|\"'])"
)
"""A command that may read other people's files without naming whose: by a glob or a variable, or from inside."""

SHELL = "Bash"
NOTIFY = "notify_owner"
"""Has an effect and needs no yes: what it says reaches nobody but the owner, as words that may be others'."""

UNASKED = frozenset({Role.HEARTBEAT})
"""Roles for which the owner is not asked: what would need their yes is not done."""


class Wall:
    """`lane` is the session's; `tools` are Jobs' own, of which those without an effect need no yes.

    `uploads`: the folder in which each other person's files have a folder of their own.
    """

    def __init__(self, consent: Consent, lane: int, role: Role, tools: Iterable[Tool[Any]], uploads: Path) -> None:
        self._consent = consent
        self._uploads = uploads
        self._lane = lane
        self._role = role
        looking = [tool for tool in tools if not (tool.has_effect or tool.reaches_out) or tool.name == NOTIFY]
        own = {f"mcp__{SERVER}__{tool.name}" for tool in looking}
        self._harmless = HARMLESS | own

    async def refusal(self, turn_id: int, tool: str, arguments: dict[str, Any], going: Callable[[], bool]) -> str:
        """Why the call must not be made, for the model; "" when it may be. Waits for the owner where it has to."""
        call = json.dumps(arguments, ensure_ascii=False)
        self.saw(turn_id, tool, call)
        if tool == SHELL and (found := _ANYBODYS_UPLOADS.search(call)) and self._are_there_others():
            self.told(turn_id, tool, [Words("", found[0])])
        if tool in self._harmless:
            return ""
        if self._role in UNASKED and self._consent.asks and self._consent.marks.of(self._lane):
            return (
                "Words of others stand here, so this is not done. Tell the owner with notify_owner what you would do."
            )
        return await self._consent.refusal(self._lane, turn_id, tool, arguments, going)

    def _are_there_others(self) -> bool:
        """Whether anybody else has sent a file, or had one forwarded."""
        try:
            return any(name.isdecimal() for name in os.listdir(self._uploads))
        except OSError:
            return False

    def told(self, turn_id: int, tool: str, words: Iterable[Words]) -> None:
        """A tool's result with other people's words in it is about to be given to the session."""
        self._consent.marks.note(self._lane, turn_id, tool, words)

    def saw(self, turn_id: int, tool: str, text: str) -> None:
        """A built-in tool's arguments or result: a file that somebody else has sent (`uploads/<id>/…`) marks."""
        for person in dict.fromkeys(_THEIR_UPLOADS.findall(text)):
            self.told(turn_id, tool, [Words(f"id {person}", f"uploads/{person}/…")])
