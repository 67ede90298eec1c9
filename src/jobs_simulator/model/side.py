"""Telling a real turn from what the CLI asks on its own account, and the answers to the latter."""

import re
from typing import Any

from .parts import Reply
from .request import RequestKind

TITLE_MARKS = (
    "you are naming a coding session",
    "generate a concise, sentence-case title",
    "generate a short kebab-case name",
    "analyze if this message indicates a new conversation topic",
)
NOTES_MARK = "you keep the diary of"
NIGHTLY_MARK = "you tidy the memory of"
COMPACT_MARK = "your task is to create a detailed summary of"


def kind_of(path: str, body: dict[str, Any]) -> RequestKind:
    """What a request to the Messages API is for. Measured with CLI 2.1.330; a request it does not know is a turn."""
    if path.endswith("/count_tokens"):
        return RequestKind.COUNT_TOKENS
    if body.get("max_tokens") == 1:
        return RequestKind.PROBE
    if not body.get("tools") and any(mark in _text(body.get("system")) for mark in TITLE_MARKS):
        return RequestKind.TITLE
    if NOTES_MARK in _text(body.get("system")):
        return RequestKind.NOTES
    if NIGHTLY_MARK in _text(body.get("system")):
        return RequestKind.NIGHTLY
    if COMPACT_MARK in _text(body["messages"][-1].get("content") if body["messages"] else None):
        return RequestKind.COMPACT
    return RequestKind.TURN


def side_reply(kind: RequestKind, body: dict[str, Any]) -> Reply:
    """A harmless answer that changes nothing the person sees; notes are what the owner has said, as it stands there."""
    if kind is RequestKind.NOTES:
        asked = next(message for message in reversed(body["messages"]) if message["role"] == "user")
        said = re.findall(r"^\S+ \d\d:\d\d Owner: (.+)$", _said(asked["content"]), re.MULTILINE)
        return Reply("\n".join(f"- {words}" for words in said) or "NOTHING")
    if kind is RequestKind.NIGHTLY:
        return Reply("{}")
    if kind is RequestKind.TITLE:
        return Reply('{"title": "Conversation"}')
    if kind is RequestKind.COMPACT:
        return Reply("<summary>The conversation so far was shortened by the simulator.</summary>")
    return Reply("ok")


def _text(content: Any) -> str:
    return _said(content).lower()


def _said(content: Any) -> str:
    blocks = [{"text": content}] if isinstance(content, str) else content or []
    return "\n".join(str(block.get("text", "")) for block in blocks)
