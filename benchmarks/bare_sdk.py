"""The other side of `turn_overhead`: the SDK's client alone, as a process that is told what to do line by line.

Reads one JSON object a line from standard input and answers each with one on standard output. A session gets the
options, the launcher and the prompt that Jobs gives to the same role, and tools of the same names and schemas; nothing
is behind the tools, and nothing is stored.

    {"do": "open", "name": …, "text": …, "role": "owner" | "external",
     "tools": [{"name": …, "description": …, "input_schema": …}]}
    {"do": "resume", "name": …, "text": …}
    {"do": "turn", "name": …, "text": …}
    {"do": "close"} (all of them)

An answer is {"asked": seconds, "answered": seconds} on the monotonic clock, which all processes of a machine share:
when the message was handed to the SDK (with a new process: when `connect` was called), and when the result was there.
"""

import asyncio
import json
import sys
import time
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from claude_agent_sdk import (
    AssistantMessage,
    ClaudeAgentOptions,
    ClaudeSDKClient,
    HookMatcher,
    ResultMessage,
    SdkMcpTool,
    create_sdk_mcp_server,
)

from jobs import config
from jobs.broker.broker import API_KEY, BASE_URL
from jobs.config import Settings
from jobs.times import now
from jobs.users import profile, prompts
from jobs.users.cli_launcher import write_launcher
from jobs.users.model import Person, Role
from jobs.walls import SessionPaths, Walls


@dataclass
class BareSession:
    """One conversation, and where it can be taken up again."""

    person: Person
    tools: list[dict[str, Any]]
    paths: SessionPaths
    client: ClaudeSDKClient | None = None
    session_id: str | None = None
    last_message: str | None = None
    opened: str = field(default_factory=lambda: now().isoformat())

    def options(self, settings: Settings, launcher: Path) -> ClaudeAgentOptions:
        role = self.person.role
        event = "PostToolUse" if role is Role.OWNER else "PreToolUse"
        owner = _person(settings, settings.tg_user_id or 0, Role.OWNER)
        offered = [SdkMcpTool(tool["name"], tool["description"], tool["input_schema"], _no_tool) for tool in self.tools]
        return profile.options(
            settings,
            role,
            self.paths,
            launcher=launcher,
            walls=Walls.of(settings),
            broker_port=urlsplit(settings.anthropic_base_url or "").port or 0,
            model_access={BASE_URL: settings.anthropic_base_url or "", API_KEY: "dummy"},
            prompt=prompts.system_prompt(self.person, owner, self.opened),
            model=settings.claude_model,
            tools=create_sdk_mcp_server(profile.SERVER, tools=offered),
            foreign={},
            budget_usd=None,
            hooks={event: [HookMatcher(hooks=[_no_hook], timeout=5)]},
            resume=self.session_id,
            resume_at=self.last_message,
        )


class BareSdk:
    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._launcher = write_launcher(settings.data_dir / "run" / "claude")
        self._walls = Walls.of(settings)
        self._sessions: dict[str, BareSession] = {}

    async def obey(self, order: dict[str, Any]) -> dict[str, Any]:
        """Carry one order out and return its times ({} for `close`)."""
        if order["do"] == "close":
            await self.close()
            return {}
        name = order["name"]
        if order["do"] == "open":
            self._sessions[name] = self._new(Role(order["role"]), order["tools"])
        session = self._sessions[name]
        options = None if order["do"] == "turn" else session.options(self._settings, self._launcher)
        asked = time.monotonic()
        if options:
            session.client = ClaudeSDKClient(options)
            await session.client.connect()
        answered = await self._turn(session, order["text"])
        return {"asked": asked, "answered": answered}

    def _new(self, role: Role, tools: list[dict[str, Any]]) -> BareSession:
        number = len(self._sessions) + 1
        empty = self._settings.data_dir / "empty"
        empty.mkdir(exist_ok=True)
        paths = self._walls.paths(self._settings.data_dir, str(number), empty, is_owner=role is Role.OWNER)
        return BareSession(_person(self._settings, number, role), tools, paths)

    async def _turn(self, session: BareSession, text: str) -> float:
        if session.client is None:
            raise RuntimeError("the session is closed")
        context = f"<jobs-context>\ntime: {prompts.shown_time(now(), session.person)}\n</jobs-context>"
        await session.client.query(_one([context, text]))
        async for message in session.client.receive_messages():
            if isinstance(message, AssistantMessage):
                session.last_message = message.uuid or session.last_message
            elif isinstance(message, ResultMessage):
                answered = time.monotonic()
                if message.is_error:
                    raise RuntimeError(f"the turn failed: {message.result}")
                session.session_id = message.session_id
                return answered
        raise RuntimeError("the session's process ended without a result")

    async def close(self) -> None:
        await asyncio.gather(*(self._close(session) for session in self._sessions.values()))

    async def _close(self, session: BareSession) -> None:
        client, session.client = session.client, None
        if client:
            await client.disconnect()


def _person(settings: Settings, number: int, role: Role) -> Person:
    return Person(number, role, "Мария Иванова", None, None, "ru", settings.tz)


async def _no_tool(_: Any) -> dict[str, Any]:
    return {"content": [{"type": "text", "text": "{}"}]}


async def _no_hook(_call: Any, _id: str | None, _context: Any) -> Any:
    return {}


async def _one(texts: list[str]) -> AsyncIterator[dict[str, Any]]:
    content = [{"type": "text", "text": text} for text in texts]
    yield {
        "type": "user",
        "uuid": str(uuid.uuid4()),
        "message": {"role": "user", "content": content},
        "parent_tool_use_id": None,
    }


async def main() -> None:
    """Obey until standard input ends."""
    settings = config.load()
    for folder in (settings.data_dir, settings.workspace_dir):
        folder.mkdir(parents=True, exist_ok=True)
    sdk = BareSdk(settings)
    try:
        while line := await asyncio.to_thread(sys.stdin.readline):
            print(json.dumps(await sdk.obey(json.loads(line))), flush=True)
    finally:
        await sdk.close()


if __name__ == "__main__":
    asyncio.run(main())
