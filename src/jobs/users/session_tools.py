"""What a session does by tools: Jobs' own are carried out here, and hooks stand before and behind the CLI's.

Importing this loads the SDK, see `session.py`.
"""

import json
from collections.abc import Callable
from typing import Any

import structlog
from claude_agent_sdk import HookMatcher, SdkMcpTool, create_sdk_mcp_server
from claude_agent_sdk.types import McpSdkServerConfig
from pydantic import ValidationError

from jobs.spine.tool import Tool, ToolError
from jobs.spine.turns import ToolJournal
from jobs.users import profile
from jobs.users.access import BUILT_INS, ONLY_TELL
from jobs.users.consent import HARMLESS, SILENCE_SECONDS
from jobs.users.errands import CallWatcher
from jobs.users.foreign_tools import ForeignServer, ForeignTool
from jobs.users.model import Role
from jobs.users.quotations import quoted_result
from jobs.users.wall import NOTIFY, Wall

log = structlog.get_logger()

RESULT_KEPT = 2000
"""How many characters of a built-in tool's result are kept for the note to a retried turn."""

SHOWN_AT_ONCE, SHOWN_CHARACTERS = 20, 60_000
"""Tools of an MCP server that stand in every request; those of a larger one the model looks for with ToolSearch."""

HOOK_MARGIN = 120.0
"""Seconds that the CLI waits beyond the time in which the owner's answer has to come; then it blocks the call."""


_SCHEMAS: dict[Any, dict[str, Any]] = {}
"""Two milliseconds for each of some forty, so they are made once."""


class SessionTools:
    """`begin` with a turn's journal, `end` with it; in between tools act, until `stop`.

    `wall` is asked before a session with the owner's power acts; `on_compaction` is told before the CLI cuts the
    conversation's context. `calls` is told of calls that may change something.
    """

    def __init__(
        self,
        role: Role,
        wall: Wall | None,
        on_compaction: Callable[[], None] | None,
        calls: CallWatcher | None = None,
    ) -> None:
        self._role = role
        self._calls = calls
        self._wall = wall
        self._on_compaction = on_compaction
        self._journal: ToolJournal | None = None
        self._told = False
        self.stopped = False
        """Whether the turn was stopped: nothing acts any more."""

    def begin(self, journal: ToolJournal) -> None:
        self._journal, self.stopped = journal, False

    def stop(self) -> None:
        self.stopped = True

    def end(self) -> None:
        self._journal = None
        if self._calls:
            self._calls.over()

    def server(self, tools: list[Tool[Any]]) -> McpSdkServerConfig:
        """Jobs' own tools as the SDK offers them."""
        return create_sdk_mcp_server(profile.SERVER, tools=[self._offer(tool) for tool in tools])

    def _offer(self, tool: Tool[Any]) -> SdkMcpTool[Any]:
        async def handler(arguments: dict[str, Any]) -> dict[str, Any]:
            text, failed = await self._call(tool, arguments)
            return {"content": [{"type": "text", "text": text}], "is_error": failed}

        return SdkMcpTool(tool.name, tool.description, _schema(tool.arguments), handler)

    async def _call(self, tool: Tool[Any], arguments: dict[str, Any]) -> tuple[str, bool]:
        """The result as JSON text and whether it is an error. Says nothing of the system, whatever happens inside."""
        journal = self._journal
        if journal is None or self.stopped:
            return "There is no turn under way.", True
        try:
            result = await self._run(tool, arguments, journal)
        except ToolError as error:
            return str(error), True
        except ValidationError as error:
            return "; ".join(_complaint(detail) for detail in error.errors()), True
        except Exception:  # the model must get an answer, and must not be told what broke
            log.exception("tool failed", tool=tool.name, turn=journal.turn_id)
            return "The tool failed. Nothing was done.", True
        return json.dumps(result, ensure_ascii=False), False

    async def _run(self, tool: Tool[Any], arguments: dict[str, Any], journal: ToolJournal) -> Any:
        call = tool.arguments.model_validate(arguments)
        if not tool.has_effect:
            return self._quoted(await tool.run(call), tool, journal)
        self._told = tool.name == NOTIFY and self._role in ONLY_TELL
        known = journal.replay(tool.name, arguments)
        if known is not None:
            return known
        effect = await tool.run(call)
        return journal.act(tool.name, arguments, lambda: self._quoted(effect(), tool, journal))

    def _quoted(self, result: Any, tool: Tool[Any], journal: ToolJournal) -> Any:
        """The result with other people's words as quotations; the session is marked by them before it has them."""
        shown, words = quoted_result(result)
        if self._wall and words:
            self._wall.told(journal.turn_id, tool.name, words)
        return shown

    # ------------------------------------------------------------------ hooks

    def hooks(self) -> dict[Any, list[HookMatcher]]:
        if self._role not in BUILT_INS:
            locking = [HookMatcher(hooks=[self._deny_unlisted], on_failure="block", timeout=5)]
            return {"PreToolUse": locking, "PostToolUse": [HookMatcher(hooks=[self._end_when_told], timeout=5)]}
        noting = [HookMatcher(hooks=[self._note_built_in], timeout=5)]
        guard = [HookMatcher(hooks=[self._guard], on_failure="block", timeout=SILENCE_SECONDS + HOOK_MARGIN)]
        compacting = [HookMatcher(hooks=[self._note_compaction], timeout=5)]
        return {"PreToolUse": guard, "PostToolUse": noting, "PostToolUseFailure": noting, "PreCompact": compacting}

    async def _deny_unlisted(self, call: Any, _id: str | None, _context: Any) -> Any:
        """The second lock of an external session: only the granted names run, whatever the CLI offers."""
        if call["tool_name"] in profile.tool_names(self._role):
            return {}
        return _denied(call["tool_name"], "This tool is not available here.")

    async def _guard(self, call: Any, _id: str | None, _context: Any) -> Any:
        """Nothing runs with nobody watching, and nothing acts on other people's words without the owner's yes.

        After a stop the CLI goes on with what was queued until it is closed.
        """
        journal = self._journal

        def going() -> bool:
            return journal is not None and self._journal is journal and not self.stopped

        name, refusal = call["tool_name"], ""
        if journal and going() and self._wall:
            refusal = await self._wall.refusal(journal.turn_id, name, call["tool_input"], going)
        if refusal:
            return _denied(name, refusal)
        if not going():
            return _denied(name, "The owner has stopped this.")
        if self._calls and name not in HARMLESS:
            await self._calls.begins()
            if not going():  # the turn has ended meanwhile, and nothing else will say that this call has
                await self._calls.ended()
                return _denied(name, "The owner has stopped this.")
        return {}

    async def _note_compaction(self, _call: Any, _id: str | None, _context: Any) -> Any:
        """The CLI is about to cut the conversation's context."""
        if self._on_compaction:
            self._on_compaction()
        return {}

    async def _note_built_in(self, call: Any, _id: str | None, _context: Any) -> Any:
        """Keep what a built-in tool did, for the note to a turn that runs again. Jobs' own tools keep it themselves.

        A command that failed is kept too: it may have done half of its work.
        """
        name, arguments = call["tool_name"], call["tool_input"]
        if self._calls and name not in HARMLESS:
            await self._calls.ended()
        own = name.startswith(f"mcp__{profile.SERVER}__")
        if self._journal and not own and self._journal.replay(name, arguments) is None:
            result = str(call.get("tool_response") or call.get("error"))
            if self._wall:
                self._wall.saw(self._journal.turn_id, name, result)
            self._journal.note(name, arguments, result[:RESULT_KEPT])
        return await self._end_when_told(call, _id, _context)

    async def _end_when_told(self, _call: Any, _id: str | None, _context: Any) -> Any:
        """Where notifying the owner is all there is to do the turn ends with it: the model need not be asked again."""
        return {"continue_": False, "stopReason": "the owner was told"} if self._told else {}


def _schema(arguments: Any) -> dict[str, Any]:
    """What a tool takes, by its pydantic model."""
    if arguments not in _SCHEMAS:
        _SCHEMAS[arguments] = arguments.model_json_schema()
    return _SCHEMAS[arguments]


def foreign_server(server: ForeignServer) -> Any:
    """A server's tools as the SDK offers them; whoever keeps the connection carries them out."""

    def offer(tool: ForeignTool) -> SdkMcpTool[Any]:
        async def handler(arguments: dict[str, Any]) -> dict[str, Any]:
            return await server.call(tool.name, arguments)

        return SdkMcpTool(tool.name, tool.description, dict(tool.schema), handler)

    config = create_sdk_mcp_server(server.name, tools=[offer(tool) for tool in server.tools])
    size = sum(len(tool.description) + len(json.dumps(tool.schema)) for tool in server.tools)
    return {**config, "alwaysLoad": len(server.tools) <= SHOWN_AT_ONCE and size <= SHOWN_CHARACTERS}


def _denied(tool: str, reason: str) -> dict[str, Any]:
    log.warning("tool refused", tool=tool, reason=reason)
    return {
        "hookSpecificOutput": {
            "hookEventName": "PreToolUse",
            "permissionDecision": "deny",
            "permissionDecisionReason": reason,
        }
    }


def _complaint(detail: Any) -> str:
    """What is wrong with one argument, without its value."""
    name = ".".join(map(str, detail["loc"]))
    return f"{name}: {detail['msg']}" if name else str(detail["msg"])
