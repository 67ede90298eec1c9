"""What a session is offered of a server's tools: nothing that harms Jobs' process or fills the model's context."""

from typing import Any

from jobs.mcp_manager.offers import LONGEST_DESCRIPTION, LONGEST_SCHEMA, TOOLS, offered
from jobs.users.foreign_tools import ForeignServer, ForeignTool
from jobs.users.session_tools import foreign_server


def schema_of(schema: dict[str, Any]) -> Any:
    return offered([ForeignTool("add", "", schema)])[0].schema


async def nothing(_tool: str, _arguments: dict[str, Any]) -> dict[str, Any]:
    return {}


def is_shown_at_once(*tools: ForeignTool) -> bool:
    return bool(foreign_server(ForeignServer("notes", offered(tools), nothing))["alwaysLoad"])


def test_a_schema_makes_jobs_neither_fetch_anything_nor_search_for_ever() -> None:
    given = {
        "$id": "http://evil.example/x",
        "properties": {
            "a": {"$ref": "http://evil.example/y"},
            "b": {"$ref": "#/$defs/b", "pattern": "(a+)+$"},
            "pattern": {"type": "string"},
        },
    }
    assert schema_of(given) == {
        "type": "object",
        "properties": {"a": {}, "b": {"$ref": "#/$defs/b"}, "pattern": {"type": "string"}},
    }


def test_a_schema_without_an_end_is_left_out() -> None:
    assert schema_of({"properties": {"a": {"enum": ["x" * LONGEST_SCHEMA]}}}) == {"type": "object", "properties": {}}


def test_long_descriptions_are_cut_and_tools_beyond_count_left_out() -> None:
    tools = offered([ForeignTool(str(number), "x" * 100_000, {}) for number in range(TOOLS + 1)])
    assert len(tools) == TOOLS
    assert len(tools[0].description) == LONGEST_DESCRIPTION


def test_a_server_whose_tools_take_much_room_is_looked_for_instead_of_standing_in_every_request() -> None:
    small = ForeignTool("add", "Keep a note", {"properties": {"text": {"type": "string"}}})
    large = [ForeignTool(name, "", {"properties": {"a": {"enum": ["x" * 40_000]}}}) for name in ("b", "c")]
    assert is_shown_at_once(small)
    assert is_shown_at_once(small, large[0])
    assert not is_shown_at_once(small, *large)
