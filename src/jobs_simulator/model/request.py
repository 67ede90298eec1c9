"""A request to the Messages API as it was received: the record that tests ask, and what a brain answers to."""

import asyncio
import json
import re
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from typing import Any

CONTEXT_TAG = "jobs-context"
_CONTEXT = re.compile(rf"\s*(<{CONTEXT_TAG}\b.*?</{CONTEXT_TAG}>|<{CONTEXT_TAG}\b[^>]*/>)\s*", re.DOTALL)
_REMINDER = re.compile(r"<system-reminder>.*?</system-reminder>\s*", re.DOTALL)
_INTERRUPTED = re.compile(r"\[Request interrupted by user[^\]]*\]")
_NUDGE = re.compile(r"\[Your previous response had no visible output\.[^\]]*\]")
_MEANWHILE = re.compile(
    r"The user sent a new message while you were working:\n(.*?)\n\nThis is how Claude Code", re.DOTALL
)


class RequestKind(StrEnum):
    """What a request is for."""

    TURN = "turn"  # a real turn of a session: only these reach the brain
    COUNT_TOKENS = "count_tokens"  # POST /v1/messages/count_tokens
    PROBE = "probe"  # the CLI asks whether key and quota are good
    TITLE = "title"  # the CLI wants a name for the session
    NOTES = "notes"  # Jobs has the cheap model note what is worth keeping of a conversation
    NIGHTLY = "nightly"  # Jobs has it tidy the memory
    COMPACT = "compact"  # the CLI wants a summary that replaces the history


class Moment:
    """Something that may happen once: awaitable, true once it has happened, with its `time.monotonic()` time."""

    def __init__(self) -> None:
        self.at: float | None = None
        self._happened = asyncio.Event()

    def happened(self, at: float) -> None:
        """Marks it, the first time only."""
        if self.at is None:
            self.at = at
            self._happened.set()

    def __bool__(self) -> bool:
        return self.at is not None

    def __await__(self) -> Generator[Any, Any, float]:
        yield from self._happened.wait().__await__()
        assert self.at is not None
        return self.at


@dataclass(frozen=True)
class ToolResult:
    """What a tool gave back in the current turn, beside the call it answers."""

    name: str
    input: dict[str, Any]
    text: str
    is_error: bool

    @property
    def json(self) -> Any:
        """The text read as JSON; None when it is none."""
        try:
            return json.loads(self.text)
        except ValueError:
            return None


@dataclass(eq=False)
class ModelRequest:
    """One request.

    Args:
        body: the JSON body.
        headers: lower-case names; the values of `x-api-key` and `authorization` are masked.
        credential: the API key or bearer token that came, apart from the headers so that it is not printed with them.
        kind: what the request is for.
        time: the wall clock at its arrival, UTC.
        received_at: `time.monotonic()` when its last byte had been read.
        first_byte, finished, closed_early: moments of its response: the head was written; the last byte was written;
            the client hung up before that.
        status: the HTTP status that was answered, None until then.
    """

    body: dict[str, Any]
    headers: dict[str, str]
    credential: str | None = field(repr=False)
    kind: RequestKind
    time: datetime
    received_at: float
    first_byte: Moment = field(default_factory=Moment)
    finished: Moment = field(default_factory=Moment)
    closed_early: Moment = field(default_factory=Moment)
    status: int | None = None

    @property
    def model(self) -> str:
        return str(self.body.get("model", ""))

    @property
    def stream(self) -> bool:
        return bool(self.body.get("stream"))

    @cached_property
    def system(self) -> str:
        """The system prompt's text blocks, one after the other."""
        return "\n".join(_texts(self.body.get("system")))

    @cached_property
    def tools(self) -> list[str]:
        """The names of the tools that are offered."""
        return [str(tool["name"]) for tool in self.body.get("tools") or [] if "name" in tool]

    @property
    def messages(self) -> list[dict[str, Any]]:
        """The messages as they came."""
        return list(self.body.get("messages") or [])

    @cached_property
    def history(self) -> list[tuple[str, str]]:
        """(role, visible text) of what user and assistant said: no context, no reminders, no tool traffic."""
        said = [(str(message.get("role")), _visible(message.get("content"))) for message in self.messages]
        return [(role, text) for role, text in said if text and role in ("user", "assistant")]

    @cached_property
    def last_user_text(self) -> str:
        """The visible text of the last user message, its blocks joined by line ends; no `<jobs-context …>` blocks.

        A message whose turn was interrupted or failed is no part of it, though the CLI sends the two as one.
        """
        return "\n".join(filter(None, map(_spoken, self._last_blocks)))

    @cached_property
    def said_meanwhile(self) -> list[str]:
        """What the user sent while the current turn was running, as the CLI passes it on: in system messages."""
        after = [m for m in self.messages[(self._turn_start or 0) :] if m.get("role") == "system"]
        return [found for m in after for text in _texts(m.get("content")) for found in _MEANWHILE.findall(text)]

    @cached_property
    def context_text(self) -> str:
        """The `<jobs-context …>` blocks of the last user message."""
        return "\n".join(found for text in self._last_blocks for found in _CONTEXT.findall(text))

    @cached_property
    def _last_blocks(self) -> list[str]:
        return [] if self._turn_start is None else _latest(self.messages[self._turn_start].get("content"))

    @property
    def last_reply(self) -> str:
        """The last text the assistant said before the current user message, "" if none."""
        before = self.messages[: self._turn_start] if self._turn_start is not None else []
        texts = [_visible(message.get("content")) for message in before if message.get("role") == "assistant"]
        return next((text for text in reversed(texts) if text), "")

    @cached_property
    def tool_results(self) -> list[ToolResult]:
        """The results that came back in the current turn, in the order of the calls' results."""
        calls: dict[str, Mapping[str, Any]] = {}
        results: list[ToolResult] = []
        for message in self.messages[(self._turn_start or 0) :]:
            for block in _blocks(message.get("content")):
                if block.get("type") == "tool_use":
                    calls[str(block.get("id"))] = block
                elif block.get("type") == "tool_result" and str(block.get("tool_use_id")) in calls:
                    call = calls[str(block["tool_use_id"])]
                    text = "\n".join(_texts(block.get("content")))
                    failed = bool(block.get("is_error"))
                    results.append(ToolResult(str(call.get("name")), dict(call.get("input") or {}), text, failed))
        return results

    @cached_property
    def _turn_start(self) -> int | None:
        """Where the last user message stands that says something or has a context; one of tool results does not.

        A text beside a tool result starts a turn only after the mark of an interrupt: the CLI merges the two messages.
        """
        for index in range(len(self.messages) - 1, -1, -1):
            content = self.messages[index].get("content")
            if self.messages[index].get("role") != "user":
                continue
            if not any(_spoken(text) or _CONTEXT.search(text) for text in _latest(content)):
                continue
            interrupted = any(_INTERRUPTED.search(text) for text in _texts(content))
            if interrupted or not any(block.get("type") == "tool_result" for block in _blocks(content)):
                return index
        return None


def _blocks(content: Any) -> list[Mapping[str, Any]]:
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    return [block for block in content or [] if isinstance(block, Mapping)]


def _texts(content: Any) -> list[str]:
    return [str(block.get("text", "")) for block in _blocks(content) if block.get("type") == "text"]


def _visible(content: Any) -> str:
    """What a person said in a message: its text blocks without context, reminders and the CLI's own marks."""
    return "\n".join(filter(None, map(_spoken, _texts(content))))


def _latest(content: Any) -> list[str]:
    """The text blocks of the last of the messages that the CLI merged into this one.

    Where the next one begins is seen by the mark of an interrupt, or, when the turn failed, by a context block after a
    block that ends a line: the CLI adds that line end to the last block of each message it merges.
    """
    latest: list[str] = []
    before = ""
    for text in _texts(content):
        *interrupted, rest = _INTERRUPTED.split(text)
        if interrupted or (before.endswith("\n") and text.lstrip().startswith(f"<{CONTEXT_TAG}")):
            latest.clear()
        if rest.strip():
            latest.append(rest)
        before = text
    return latest


def _spoken(text: str) -> str:
    """A text block without context, reminders and marks; a context block that is never closed hides all of it."""
    text = _CONTEXT.sub("", text)
    for mark in (_REMINDER, _INTERRUPTED, _NUDGE):
        text = mark.sub("", text)
    text = text.strip()
    return "" if text.startswith(f"<{CONTEXT_TAG}") else text
