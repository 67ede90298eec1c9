"""A real MCP server over stdio. What it is like stands in a file: `tools` (name → description), `hang`, `die`."""

import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

from mcp.server import MCPServer

behaviour = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
if behaviour.get("hang"):
    signal.pause()  # a server that never answers; it is killed by whoever tests this
if words := behaviour.get("die"):
    print(words.format(**os.environ), file=sys.stderr)
    sys.exit(1)

server = MCPServer("notes")


def tool(name: str, description: str) -> None:
    def run(text: str = "") -> Any:
        if text == "environment":
            return json.dumps(dict(os.environ))
        if text == "token":
            return f"{len(os.environ['TOKEN'])} characters"
        if text == "leave":
            os._exit(1)
        return f"{name}: {text}"

    server.add_tool(run, name=name, description=description)


for name, description in behaviour.get("tools", {"add": "Keep a note"}).items():
    tool(name, description)
server.run("stdio")
