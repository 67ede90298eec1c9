"""`DATA_DIR/mcp_servers.json`, in the format of Claude Desktop and Claude Code (`{"mcpServers": {name: …}}`)."""

import json
from pathlib import Path
from typing import Any

import structlog

log = structlog.get_logger()


class McpConfig:
    """The configured servers. A file that cannot be read keeps the last good state in force."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stamp: tuple[int, int] | None = None
        self._servers: dict[str, Any] = {}

    def servers(self) -> dict[str, Any]:
        """Name → configuration, read again when the file has changed; empty without a file."""
        try:
            status = self._path.stat()
        except FileNotFoundError:
            self._stamp, self._servers = None, {}
            return {}
        stamp = (status.st_mtime_ns, status.st_size)
        if stamp != self._stamp:
            self._stamp = stamp
            try:
                self._servers = _parse(self._path.read_text(encoding="utf-8"))
            except ValueError as error:
                log.error("mcp_servers.json is not used", path=str(self._path), reason=str(error))
        return dict(self._servers)

    def fault(self) -> str | None:
        """What is wrong with the file as it is now; None when it can be used or is not there."""
        try:
            _parse(self._path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            return str(error)
        return None


def _parse(text: str) -> dict[str, Any]:
    """Raises ValueError with the line where it can be told."""
    servers = json.loads(text)
    servers = servers.get("mcpServers") if isinstance(servers, dict) else None
    if not isinstance(servers, dict):
        raise ValueError('it has to be {"mcpServers": {…}}')
    for name, server in servers.items():
        if not isinstance(server, dict) or not ("command" in server or "url" in server):
            raise ValueError(f"the server {name!r} needs a command or a url")
        if name == "jobs":
            raise ValueError("the name 'jobs' is taken by Jobs' own tools")
    return servers
