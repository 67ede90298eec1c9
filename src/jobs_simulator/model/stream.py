"""A `Reply` as the API's events and as its plain JSON message."""

import json
import secrets
from collections.abc import Iterator
from typing import Any

from .parts import Content, Reply, Text, Thinking, ToolCall, split
from .request import ModelRequest

BYTES_PER_TOKEN = 4


def sse(event: str, data: dict[str, Any]) -> bytes:
    """One server-sent event; its type stands in the data too, as the API does it."""
    body = json.dumps({"type": event, **data}, ensure_ascii=False, separators=(",", ":"))
    return f"event: {event}\ndata: {body}\n\n".encode()


def tokens(text: str) -> int:
    """A plausible count of tokens: a quarter of the UTF-8 bytes, at least one."""
    return max(1, len(text.encode()) // BYTES_PER_TOKEN)


def input_tokens(request: ModelRequest) -> int:
    """A plausible count for all that the request sends: system prompt, tools and messages."""
    sent = {name: request.body.get(name) for name in ("system", "tools", "messages")}
    return tokens(json.dumps(sent, ensure_ascii=False))


def output_tokens(reply: Reply) -> int:
    total = 0
    for part in reply:
        if isinstance(part, Text | Thinking):
            total += tokens(part.text)
        elif isinstance(part, ToolCall):
            total += tokens(part.name) + tokens(json.dumps(part.input, ensure_ascii=False))
    return total


def usage(request: ModelRequest, output: int, said: int | None = None) -> dict[str, Any]:
    return {
        "input_tokens": input_tokens(request) if said is None else said,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": 0,
        "output_tokens": output,
        "service_tier": "standard",
    }


def message_head(request: ModelRequest, reply: Reply) -> dict[str, Any]:
    """The message as it stands before its first block."""
    return {
        "id": f"msg_{secrets.token_hex(12)}",
        "type": "message",
        "role": "assistant",
        "model": request.model,
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": usage(request, 1, reply.input_tokens),
    }


def whole_message(request: ModelRequest, reply: Reply) -> dict[str, Any]:
    """The message of a request that did not ask for a stream."""
    blocks = [_whole_block(part) for part in reply if isinstance(part, Text | Thinking | ToolCall)]
    done = {
        "content": blocks,
        "stop_reason": reply.stop_reason,
        "usage": usage(request, output_tokens(reply), reply.input_tokens),
    }
    return {**message_head(request, reply), **done}


def opening(request: ModelRequest, reply: Reply) -> bytes:
    return sse("message_start", {"message": message_head(request, reply)}) + sse("ping", {})


def closing(request: ModelRequest, reply: Reply) -> bytes:
    delta = {"stop_reason": reply.stop_reason, "stop_sequence": None}
    done = sse("message_delta", {"delta": delta, "usage": usage(request, output_tokens(reply), reply.input_tokens)})
    return done + sse("message_stop", {})


def block_events(index: int, part: Content) -> Iterator[bytes]:
    """The events of one block: its start, its deltas one by one, its stop."""
    start, deltas = _started(part)
    yield sse("content_block_start", {"index": index, "content_block": start})
    for delta in deltas:
        yield sse("content_block_delta", {"index": index, "delta": delta})
    yield sse("content_block_stop", {"index": index})


def _started(part: Content) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    if isinstance(part, Text):
        return {"type": "text", "text": ""}, [{"type": "text_delta", "text": piece} for piece in part.pieces()]
    if isinstance(part, Thinking):
        deltas = [
            {"type": "thinking_delta", "thinking": part.text},
            {"type": "signature_delta", "signature": part.signature},
        ]
        return {"type": "thinking", "thinking": "", "signature": ""}, deltas
    text = json.dumps(part.input, ensure_ascii=False)
    pieces = [{"type": "input_json_delta", "partial_json": piece} for piece in split(text, part.chunks)]
    return {**_whole_block(part), "input": {}}, pieces


def _whole_block(part: Content) -> dict[str, Any]:
    if isinstance(part, Text):
        return {"type": "text", "text": part.text}
    if isinstance(part, Thinking):
        return {"type": "thinking", "thinking": part.text, "signature": part.signature}
    call_id = part.id or f"toolu_{secrets.token_hex(12)}"
    return {"type": "tool_use", "id": call_id, "name": part.name, "input": dict(part.input)}
