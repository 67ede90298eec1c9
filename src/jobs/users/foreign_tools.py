"""Tools that are not Jobs' own, as a session of the owner's is offered them. Who carries them out is not known here."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class ForeignTool:
    name: str
    description: str
    schema: Mapping[str, Any]
    """JSON Schema of its arguments."""


@dataclass(frozen=True)
class ForeignServer:
    """Offered as `mcp__<name>__<tool>`. Two are equal when a session that has one needs no other."""

    name: str
    tools: tuple[ForeignTool, ...]
    call: Callable[[str, dict[str, Any]], Awaitable[dict[str, Any]]] = field(compare=False)
    """(tool, arguments) → {"content": [blocks], "is_error": bool}, as MCP has it. Raises nothing."""
