"""The owner's MCP servers."""

from typing import TYPE_CHECKING

from jobs.door import Door

if TYPE_CHECKING:
    from jobs.mcp_manager.config import McpConfig

mcp_config_door: Door["McpConfig"] = Door("the MCP configuration")

get_mcp_config = mcp_config_door.get
