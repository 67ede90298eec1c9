"""Telling a real turn from what the CLI asks on its own account, and the answers to the latter."""

from typing import Any

from .parts import Reply
from .request import RequestKind

TITLE_MARKS = (
    "you are naming a coding session",
    "generate a concise, sentence-case title",
    "generate a short kebab-case name",
    "analyze if this message indicates a new conversation topic",
)
COMPACT_MARK = "your task is to create a detailed summary of"


def kind_of(path: str, body: dict[str, Any]) -> RequestKind:
    """What a request to the Messages API is for. Measured with CLI 2.1.330; a request it does not know is a turn."""
    if path.endswith("/count_tokens"):
        return RequestKind.COUNT_TOKENS
    if body.get("max_tokens") == 1:
        return RequestKind.PROBE
    if not body.get("tools") and any(mark in _text(body.get("system")) for mark in TITLE_MARKS):
        return RequestKind.TITLE
    if COMPACT_MARK in _text(body["messages"][-1].get("content") if body["messages"] else None):
        return RequestKind.COMPACT
    return RequestKind.TURN


def side_reply(kind: RequestKind) -> Reply:
    """A harmless answer that changes nothing the person sees."""
    if kind is RequestKind.TITLE:
        return Reply('{"title": "Conversation"}')
    if kind is RequestKind.COMPACT:
        return Reply("<summary>The conversation so far was shortened by the simulator.</summary>")
    return Reply("ok")


def _text(content: Any) -> str:
    blocks = [{"text": content}] if isinstance(content, str) else content or []
    return "\n".join(str(block.get("text", "")) for block in blocks).lower()
