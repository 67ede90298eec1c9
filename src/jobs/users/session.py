"""A Claude session of one person: one process of the CLI, one turn at a time.

Importing this loads the SDK, so `sdk.py` does it when the first session is wanted.
"""

import asyncio
import contextlib
import re
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog
from claude_agent_sdk import (
    AssistantMessage,
    ClaudeSDKClient,
    ClaudeSDKError,
    ModelUsage,
    ResultMessage,
    StreamEvent,
    TextBlock,
    ToolUseBlock,
    UserMessage,
)

from jobs.broker import Broker, Budget, Pass
from jobs.config import Settings
from jobs.spine.model import Usage
from jobs.spine.tool import Tool
from jobs.spine.turns import ToolJournal
from jobs.users import profile
from jobs.users.access import BUILT_INS
from jobs.users.activity import Activity, Unseen
from jobs.users.errands import CallWatcher
from jobs.users.foreign_tools import ForeignServer
from jobs.users.model import Role
from jobs.users.outcome import OWNERS_MATTER, BudgetSpent, ModelUnavailable, OverBudget, Reply, SessionFailed, Stopped
from jobs.users.session_file import SessionFile
from jobs.users.session_tools import SessionTools, foreign_server
from jobs.users.wall import Wall
from jobs.walls import SessionPaths, Walls

log = structlog.get_logger()

__all__ = ["ModelUnavailable", "Reply", "Session", "SessionFailed", "SessionPlan"]

BUDGET_SPENT = "error_max_budget_usd"
"""The subtype of the SDK's result for a turn that `max_budget_usd` has ended."""

CUT = re.compile(r"output token limit|cut off", re.IGNORECASE)
"""How the CLI (2.1.330) asks for the rest of an answer; tests/users/test_sessions.py has the real one say it."""

CLOSE_SECONDS = 5.0

WORTH_TRYING = frozenset({401, 402, 403, 404, 407, 408, 429})
"""Answers below 500 that another try can change, some only once the owner has mended something."""


@dataclass(frozen=True)
class SessionPlan:
    """What a session is built from. A change of it means a new process."""

    role: Role
    prompt: str
    tools: list[Tool[Any]]
    mcp_servers: dict[str, ForeignServer]
    model: str | None
    """None: the one the CLI would take."""
    budget_usd: float | None = None
    """What the process may spend; None: as much as it takes."""
    calls: CallWatcher | None = None


@dataclass(frozen=True)
class Access:
    """Whose calls of the model a session's are, and what they may cost."""

    lane: int
    budget: Budget


class Session:
    """Open with `connect`, then `run` turns, then `close`. Not for two turns at once."""

    def __init__(
        self,
        settings: Settings,
        plan: SessionPlan,
        walls: Walls,
        paths: SessionPaths,
        file: SessionFile,
        launcher: Path,
        opened: str,
        broker: Broker,
        access: Access,
        wall: Wall | None = None,
        on_compaction: Callable[[], None] | None = None,
    ) -> None:
        self._settings = settings
        self._walls_around = walls
        self._paths = paths
        self._file = file
        self._launcher = launcher
        self._broker = broker
        self._access = access
        self._pass: Pass | None = None
        self._tools = SessionTools(plan.role, wall, on_compaction, plan.calls)
        self.plan = plan
        self.opened = opened
        """The time that stands in the prompt."""
        self._client: ClaudeSDKClient | None = None
        self._cost_so_far = 0.0
        self._activity: Activity = Unseen()
        self._asked: set[str] = set()  # uuids of messages of this turn that no result has covered yet
        self.resumed = False
        """Whether the conversation so far is in the session's context."""

    async def connect(self) -> None:
        """Start the process, going on with the last conversation where that is whole. Raises SessionFailed."""
        record = self._file.load()
        self.resumed = record is not None
        self._cost_so_far = self._file.cost_told(record.session_id) if record else 0.0
        options = profile.options(
            self._settings,
            self.plan.role,
            self._paths,
            launcher=self._launcher,
            walls=self._walls_around,
            broker_port=self._broker.port,
            model_access=self._broker.environment(self._leave()),
            prompt=self.plan.prompt,
            model=self.plan.model,
            budget_usd=self.plan.budget_usd,
            tools=self._tools.server(self.plan.tools),
            foreign={name: foreign_server(server) for name, server in self.plan.mcp_servers.items()},
            hooks=self._tools.hooks(),
            resume=record.session_id if record else None,
            resume_at=record.last_message if record else None,
        )
        client = ClaudeSDKClient(options)
        try:
            await client.connect()
        except Exception as error:  # noqa: BLE001 (the SDK raises a bare one when the CLI is silent)
            if record is None:
                raise SessionFailed(f"the session could not be started: {_first_line(error)}") from None
            log.warning("session not resumed", error=_first_line(error))
            self._file.forget()
            await self.connect()
            return
        self._client = client

    def _leave(self) -> Pass:
        """This session's own pass to the model, from its first connection to its end."""
        if self._pass is None:
            role = self.plan.role
            may_browse = role in BUILT_INS
            self._pass = self._broker.issue(self._access.lane, role, self._access.budget, may_browse=may_browse)
        return self._pass

    async def close(self) -> None:
        """End the process; it is killed if it does not go by itself."""
        if self._pass:
            self._broker.end(self._pass)
        client, self._client = self._client, None
        if client is None:
            return
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                await client.disconnect()
        except (TimeoutError, ClaudeSDKError, OSError) as error:
            log.warning("session did not close", error=repr(error))

    async def run(self, content: list[dict[str, Any]], journal: ToolJournal, activity: Activity | None = None) -> Reply:
        """One turn: these content blocks in, the final text out.

        Raises ModelUnavailable, OverBudget, SessionFailed or Stopped; the session is then closed, and what the turn had
        added to the conversation is dropped when it is next resumed.
        """
        self._tools.begin(journal)
        given = self._leave()
        given.turn_id, given.refused = journal.turn_id, False
        self._activity = activity or Unseen()
        try:
            return await self._turn(content)
        except BaseException:  # a stop too: the CLI would go on with what was queued behind the message
            await asyncio.shield(self.close())
            raise
        finally:
            self._tools.end()
            self._asked.clear()

    @property
    def can_steer(self) -> bool:
        """Whether a turn is under way that still takes messages in."""
        return bool(self._asked) and not self._tools.stopped

    def steer(self, content: list[dict[str, Any]]) -> Awaitable[None]:
        """Add to the running turn; its answer takes this in. Only while `can_steer`.

        From the call on the turn does not end without having answered this; awaiting the result sends it.
        """
        return self._ask(content)

    def interrupt(self) -> Awaitable[None]:
        """Stop the running turn: `run` raises Stopped. Only while `can_steer`; awaiting the result tells the CLI."""
        if self._client is None:
            raise SessionFailed("the session is closed")
        self._tools.stop()
        return self._client.interrupt()

    def _ask(self, content: list[dict[str, Any]]) -> Awaitable[None]:
        if self._client is None:
            raise SessionFailed("the session is closed")
        message_id = str(uuid.uuid4())
        self._asked.add(message_id)
        return self._client.query(_one(message_id, content))

    async def _turn(self, content: list[dict[str, Any]]) -> Reply:
        """Messages in the middle of a turn may be answered within it or after it: it ends when all are covered."""
        replies: list[Reply] = []
        answer = _Answer()
        last_message: str | None = None
        error: str | None = None
        context = 0
        try:
            await self._ask(content)
            assert self._client is not None
            async for message in self._client.receive_messages():
                if isinstance(message, AssistantMessage) and message.parent_tool_use_id is None:
                    last_message = message.uuid or last_message
                    self._report(message)
                    answer.add(message)
                    error = message.error or error
                    context = _tokens(message.usage) or context
                elif isinstance(message, UserMessage) and message.parent_tool_use_id is None:
                    answer.hear(message)
                elif isinstance(message, StreamEvent) and message.parent_tool_use_id is None:
                    self._report_growth(message.event)
                elif isinstance(message, ResultMessage) and self._covers(message):
                    replies.append(self._finished(message, answer.text, last_message, error, context))
                    if not self._asked:
                        return _joined(replies)
        except ClaudeSDKError as failure:
            raise SessionFailed(f"the session's process ended: {_first_line(failure)}") from None
        raise SessionFailed("the session's process ended without a result")

    def _report(self, message: AssistantMessage) -> None:
        for block in message.content:
            if isinstance(block, ToolUseBlock):
                self._activity.tool(block.name, block.input)

    def _report_growth(self, event: dict[str, Any]) -> None:
        if event.get("type") == "message_start":
            self._activity.restart()
        elif event.get("type") == "content_block_delta" and event["delta"].get("type") == "text_delta":
            self._activity.text(event["delta"]["text"])

    def _covers(self, result: ResultMessage) -> bool:
        """Whether a result answers something of this turn; what it answers is no longer waited for."""
        if self._tools.stopped or result.user_message_uuid is None:
            self._asked.clear()
            return True
        covered = {result.user_message_uuid, *(result.user_message_uuids or ())}
        before = len(self._asked)
        self._asked -= covered
        return len(self._asked) < before

    def _finished(
        self, result: ResultMessage, text: str, last_message: str | None, error: str | None, context: int
    ) -> Reply:
        if self._tools.stopped:
            raise Stopped
        if result.subtype == BUDGET_SPENT:
            raise BudgetSpent(self._usage(result))
        if result.is_error:
            if self._pass and self._pass.refused:
                raise OverBudget
            status = result.api_error_status
            refused = status is not None and status < 500 and status not in WORTH_TRYING
            if refused and error not in OWNERS_MATTER:
                raise SessionFailed(f"the model's service refused the request ({status}, {error})")
            if status is not None or error is not None:
                raise ModelUnavailable(status, error or "the model's service failed")
            raise SessionFailed(f"the turn ended by an error ({result.subtype}, {result.terminal_reason})")
        self._file.save(result.session_id, last_message)
        self.resumed = True
        _, about = _busiest(result)
        window = about["contextWindow"] if about else 0
        return Reply(text or result.result or "", self._usage(result), context / window if window else 0.0)

    def _usage(self, result: ResultMessage) -> Usage:
        """What this turn used; the CLI adds the cost up over the conversation."""
        total = result.total_cost_usd or 0.0
        known = self._cost_so_far if self._cost_so_far <= total else 0.0
        cost, self._cost_so_far = total - known, total
        out = (result.usage or {}).get("output_tokens") or 0
        return Usage(_tokens(result.usage) - out, out, cost, _busiest(result)[0])


class _Answer:
    """The text of the last message of the model's. It comes block by block, and the result has only the last block.

    One that was too long for the model, or broke off on the way, is gone on with in another message, for which the CLI
    asks by itself: they are one answer.
    """

    def __init__(self) -> None:
        self._message_id: str | None = None
        self._goes_on = False
        self.text = ""

    def hear(self, message: UserMessage) -> None:
        """What the model is told in between: results of tools, and the CLI's own words."""
        blocks = [] if isinstance(message.content, str) else message.content
        self._goes_on = any(isinstance(block, TextBlock) and CUT.search(block.text) for block in blocks)

    def add(self, message: AssistantMessage) -> None:
        if message.message_id != self._message_id:
            self._message_id, self.text = message.message_id, self.text if self._goes_on else ""
            self._goes_on = False
        self.text += "".join(block.text for block in message.content if isinstance(block, TextBlock))


def _busiest(result: ResultMessage) -> "tuple[str, ModelUsage] | tuple[None, None]":
    """The model that did most of the work; a sub-agent may have had another."""
    models = result.model_usage or {}
    name = max(models, key=lambda name: models[name]["costUSD"], default=None)
    return (name, models[name]) if name is not None else (None, None)


def _tokens(usage: dict[str, Any] | None) -> int:
    """All tokens that went in and came out, cached ones included."""
    names = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens", "output_tokens")
    return sum((usage or {}).get(name) or 0 for name in names)


async def _one(message_id: str, content: list[dict[str, Any]]) -> AsyncIterator[dict[str, Any]]:
    yield {
        "type": "user",
        "uuid": message_id,
        "message": {"role": "user", "content": content},
        "parent_tool_use_id": None,
    }


def _joined(replies: list[Reply]) -> Reply:
    """The answers of one turn as one; usually there is one only."""
    usage = replies[-1].usage
    return Reply(
        "\n\n".join(reply.text for reply in replies if reply.text.strip()),
        Usage(
            sum(reply.usage.input_tokens for reply in replies),
            sum(reply.usage.output_tokens for reply in replies),
            sum(reply.usage.cost_usd for reply in replies),
            usage.model,
        ),
        replies[-1].context_used,
    )


def _first_line(error: Exception) -> str:
    with contextlib.suppress(IndexError):
        return str(error).splitlines()[0]
    return type(error).__name__
