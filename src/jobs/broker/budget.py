"""Holding a call to what may still be spent, before it is sent."""

import json
from dataclasses import dataclass
from typing import Any

from jobs.broker.prices import most_cost, most_input, most_input_of_bytes

OUTPUT_CAP = 8192
"""Tokens that a session with a budget may ask for at once: what one call reserves is kept from all others meanwhile."""
LEAST_OUTPUT = 1024
"""An answer that could not even have so many tokens is not asked for."""
LEAST_THINKING = 1024
"""The API's least `thinking.budget_tokens`."""


DEARER = ("mcp_servers", "container", "speed", "inference_geo")
"""Fields of a request by which it costs more than its words and `max_tokens` tell."""
OWN_TOOLS = (None, "custom")
"""Types of tools that the model's service does not carry out itself, for money."""


class Uncountable(Exception):
    """What a request costs does not follow from what stands in it, so it is not sent on any budget."""


@dataclass(frozen=True)
class Bounded:
    """A request that cannot go over the budget. Dollars are the most that its input, and all of it, can cost."""

    content: bytes
    input_usd: float
    most_usd: float


def unbounded(content: bytes) -> Bounded:
    """A request without a limit, as it is. Nothing is kept for it."""
    input_usd, _ = most_cost("", most_input_of_bytes(len(content)))
    return Bounded(content, input_usd, 0.0)


def bounded(body: dict[str, Any], content: bytes, left: float) -> Bounded | None:
    """The request with as much output as is still paid for; None when that is too little. Raises Uncountable.

    `content` is the body's bytes; they stay as they are where nothing has to be changed.
    """
    if not _is_countable(body):
        raise Uncountable
    asked = body.get("max_tokens")
    asked = asked if isinstance(asked, int) and asked > 0 else OUTPUT_CAP
    input_usd, output_usd = most_cost(str(body.get("model")), most_input(body, content))
    allowed = min(asked, OUTPUT_CAP, int((left - input_usd) / output_usd))
    thinking = body.get("thinking")
    thinks = thinking.get("budget_tokens") if isinstance(thinking, dict) else None
    if allowed < min(asked, LEAST_OUTPUT + (LEAST_THINKING if thinks else 0)):
        return None
    if allowed < asked:
        changed = {**body, "max_tokens": allowed}
        if isinstance(thinking, dict) and isinstance(thinks, int):
            changed["thinking"] = {**thinking, "budget_tokens": min(thinks, allowed - LEAST_OUTPUT)}
        content = json.dumps(changed, ensure_ascii=False).encode()
    return Bounded(content, input_usd, input_usd + allowed * output_usd)


def _is_countable(body: dict[str, Any]) -> bool:
    """Whether what a request costs follows from what stands in it. No session with a budget makes any other."""
    tools = body.get("tools") or []
    own = isinstance(tools, list) and all(isinstance(tool, dict) and tool.get("type") in OWN_TOOLS for tool in tools)
    return own and not any(body.get(name) for name in DEARER) and _stands_in_it(body.get("messages"))


def _stands_in_it(value: Any) -> bool:
    """Whether a part of a request is all there: nothing that is fetched, and no PDF, whose pages are pictures."""
    if isinstance(value, list):
        return all(map(_stands_in_it, value))
    if not isinstance(value, dict):
        return True
    source = value.get("source")
    if isinstance(source, dict):
        kind, media = source.get("type"), str(source.get("media_type"))
        if not (kind in ("text", "content") or (kind == "base64" and media.startswith("image/"))):
            return False
    # What a tool was called with is text to the service, whatever it looks like.
    return all(
        _stands_in_it(part) for name, part in value.items() if (value.get("type"), name) != ("tool_use", "input")
    )
