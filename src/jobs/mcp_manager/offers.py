"""What a server's tools are turned into before a session is offered them, and how two lists of tools differ."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from jobs.users.foreign_tools import ForeignTool

LONGEST_DESCRIPTION = 4000
TOOLS = 100
"""Tools of one server, at most: each stands in every request to the model."""
SCHEMA_DEPTH = 20
LONGEST_SCHEMA = 50_000
"""Characters of JSON; a larger one would fill the model's context, so it is told nothing of the arguments."""


def to_json(tools: Iterable[ForeignTool]) -> str:
    """The tools as one text that is the same for the same tools."""
    ordered = sorted(tools, key=lambda tool: tool.name)
    return json.dumps(
        [[tool.name, tool.description, tool.schema] for tool in ordered], ensure_ascii=False, sort_keys=True
    )


def from_json(text: str) -> list[ForeignTool]:
    return [ForeignTool(name, description, schema) for name, description, schema in json.loads(text)]


def offered(tools: Sequence[ForeignTool]) -> tuple[ForeignTool, ...]:
    """The tools as a session gets them.

    Their schemas are checked in Jobs' own process at each call: so they may make it neither fetch anything (`$ref` to
    another document) nor search for ever (`pattern`). The server checks its arguments itself.
    """
    return tuple(
        ForeignTool(tool.name, tool.description[:LONGEST_DESCRIPTION], _tamed(tool.schema)) for tool in tools[:TOOLS]
    )


def _tamed(schema: Mapping[str, Any]) -> dict[str, Any]:
    tamed = _plain(schema, SCHEMA_DEPTH)
    if not isinstance(tamed, dict) or len(json.dumps(tamed, ensure_ascii=False)) > LONGEST_SCHEMA:
        return {"type": "object", "properties": {}}
    return {"properties": {}, **tamed, "type": "object"}


_LEFT_OUT = frozenset({"pattern", "patternProperties", "$schema", "$id", "$dynamicRef"})


def _plain(part: Any, depth: int) -> Any:
    if isinstance(part, list):
        return [_plain(each, depth) for each in part]
    if not isinstance(part, Mapping):
        return part
    if depth == 0:
        return {}
    return {key: _plain(value, depth - 1) for key, value in part.items() if not _is_left_out(key, value)}


def _is_left_out(key: str, value: Any) -> bool:
    """A keyword that is not wanted; an argument may have such a name too (`properties: {pattern: {…}}`)."""
    if key == "$ref":
        return not (isinstance(value, str) and value.startswith("#"))
    return key in _LEFT_OUT and not (key == "pattern" and isinstance(value, Mapping))


def difference(old: Sequence[ForeignTool], new: Sequence[ForeignTool]) -> list[str]:
    """What has changed, a line each: `+ name: description`, `- name`, `~ name: what it says now`."""
    before, after = {tool.name: tool for tool in old}, {tool.name: tool for tool in new}
    lines = [f"+ {name}: {after[name].description}" for name in after if name not in before]
    lines += [f"- {name}" for name in before if name not in after]
    for name in before.keys() & after.keys():
        was, is_now = before[name], after[name]
        if was.description != is_now.description:
            lines.append(f"~ {name}: «{was.description}» → «{is_now.description}»")
        elif was.schema != is_now.schema:
            was_text, now_text = (json.dumps(each.schema, ensure_ascii=False, sort_keys=True) for each in (was, is_now))
            lines.append(f"~ {name}: {was_text} → {now_text}")
    return lines
