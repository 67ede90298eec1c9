"""A real MCP server over stdio, or over HTTP on the port that is named second. What it is like stands in a file:
`tools` (name → description), `hang`, `die`, `babble` (words on standard output, where only the protocol belongs),
`count` (each start is a line in the file's neighbour `starts`).
"""

import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

from mcp.server import MCPServer
from mcp.server.mcpserver import Context

behaviour = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
if behaviour.get("count"):
    with Path(sys.argv[1]).with_name("starts").open("a") as starts:
        starts.write("started\n")
if behaviour.get("hang"):
    signal.pause()  # a server that never answers; it is killed by whoever tests this
if words := behaviour.get("babble"):
    print(words.format(**os.environ), flush=True)
if words := behaviour.get("die"):
    print(words.format(**os.environ), file=sys.stderr)
    sys.exit(1)

server = MCPServer("notes")


def tool(name: str, description: str) -> None:
    async def run(context: Context, text: str = "") -> Any:
        if text == "environment":
            return json.dumps(dict(os.environ))
        if text == "token":
            return f"{len(os.environ['TOKEN'])} characters"
        if text.startswith("more:"):
            tool(text.removeprefix("more:"), "It was not there before")
            await context.session.send_tool_list_changed()
        if text == "leave":
            os._exit(1)
        return f"{name}: {text}"

    server.add_tool(run, name=name, description=description)


for name, description in behaviour.get("tools", {"add": "Keep a note"}).items():
    tool(name, description)
if len(sys.argv) > 2:
    server.run("streamable-http", host="127.0.0.1", port=int(sys.argv[2]))
else:
    server.run("stdio")
