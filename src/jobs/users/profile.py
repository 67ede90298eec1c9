"""How a session of each role is locked or opened: the SDK's options, and the environment its process gets.

What each line is for was measured against the CLI (version pinned in pyproject.toml): see docs/decisions.md,
"The locked profile". The isolation tests in tests/wall must pass again before the SDK is upgraded.
"""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog

from jobs.broker.budget import OUTPUT_CAP
from jobs.config import Settings
from jobs.users.access import BUILT_INS, FEW_BUILT_INS, allowed
from jobs.users.cli_launcher import bundled_cli
from jobs.users.model import Role
from jobs.walls import KEEP_VARIABLE, WALLS_VARIABLE, SessionPaths, Walls

if TYPE_CHECKING:
    from claude_agent_sdk import ClaudeAgentOptions, HookMatcher
    from claude_agent_sdk.types import McpSdkServerConfig

log = structlog.get_logger()

SERVER = "jobs"
"""The name under which Jobs' own tools are offered: `mcp__jobs__<tool>`."""

MARKER = "JOBS_SESSION_OF"
"""Every process of a session carries this variable with the data directory, so that leftovers can be found."""

QUIET = {
    "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
    "DISABLE_TELEMETRY": "1",
    "DISABLE_AUTOUPDATER": "1",
    "DISABLE_ERROR_REPORTING": "1",
    # Jobs keeps the message and tries again by itself; the CLI's ten tries would hold a lane for three minutes.
    "CLAUDE_CODE_MAX_RETRIES": "2",
    "CLAUDE_BYTE_STREAM_IDLE_TIMEOUT_MS": "60000",
    "API_TIMEOUT_MS": "120000",  # for the first byte
    "CLAUDE_CODE_DISABLE_AUTO_MEMORY": "1",
    "CLAUDE_CODE_DISABLE_CLAUDE_MDS": "1",
    "CLAUDE_CODE_DISABLE_ATTACHMENTS": "1",
    "CLAUDE_CODE_DISABLE_FILE_MENTIONS": "1",
    "CLAUDE_CODE_DISABLE_CRON": "1",
    "CLAUDE_CODE_DISABLE_BACKGROUND_TASKS": "1",
}

LOCKED = {
    "CLAUDE_CODE_DISABLE_BUNDLED_SKILLS": "1",
    "CLAUDE_AGENT_SDK_DISABLE_BUILTIN_AGENTS": "1",
    "CLAUDE_CODE_MAX_OUTPUT_TOKENS": str(OUTPUT_CAP),  # else the broker has to write each request anew
}


def environment(
    settings: Settings, role: Role, paths: SessionPaths, walls: Walls, model_access: dict[str, str]
) -> dict[str, str]:
    """The whole environment of a session's process, beside what the SDK adds. `model_access`: the broker's part."""
    is_owner = role in BUILT_INS
    owners_home = paths.home if walls.confines_owner else Path.home()
    variables = {
        "PATH": os.environ.get("PATH", os.defpath),
        "LANG": "C.UTF-8",
        "TZ": settings.tz.key,
        "HOME": str(owners_home if is_owner else paths.empty),
        "CLAUDE_CONFIG_DIR": str(paths.config),
        "CLAUDE_CODE_TMPDIR": str(paths.temporary),
        "TMPDIR": str(paths.temporary),
        MARKER: str(settings.data_dir),
        **QUIET,
        **({} if is_owner else LOCKED),
        **model_access,
    }
    if is_owner and os.geteuid() == 0 and not walls.has_users:
        variables["IS_SANDBOX"] = "1"  # the CLI refuses bypassPermissions to root without it
    return variables


def options(
    settings: Settings,
    role: Role,
    paths: SessionPaths,
    *,
    launcher: Path,
    walls: Walls,
    broker_port: int,
    model_access: dict[str, str],
    prompt: str,
    model: str | None,
    budget_usd: float | None,
    tools: "McpSdkServerConfig",
    foreign: dict[str, Any],
    hooks: dict[Any, list["HookMatcher"]],
    resume: str | None,
    resume_at: str | None,
) -> "ClaudeAgentOptions":
    """The SDK's options for a role. `budget_usd`: what the process may spend.

    `foreign`: servers with tools that are not Jobs'. `resume`: a session id to go on with, up to the message
    `resume_at`.
    """
    from claude_agent_sdk import ClaudeAgentOptions

    variables = environment(settings, role, paths, walls, model_access)
    order = walls.order(paths, is_owner=role in BUILT_INS, program=bundled_cli(), broker_port=broker_port)
    # alwaysLoad: with all built-ins present the CLI would hide MCP tools behind a search tool.
    servers: dict[str, Any] = {SERVER: {**tools, "alwaysLoad": True}}
    common: dict[str, Any] = {
        "cli_path": launcher,
        "env": {**variables, KEEP_VARIABLE: ",".join(variables), WALLS_VARIABLE: order},
        "system_prompt": {"type": "custom", "prompt": prompt, "snapshot": False},
        "strict_mcp_config": True,
        "setting_sources": [],
        "verbatim_prompts": True,
        "model": model,
        "max_budget_usd": budget_usd,
        "resume": resume,
        "resume_session_at": resume_at if resume else None,
        "hooks": hooks,
        "stderr": lambda line: log.debug("the CLI says", line=line),
    }
    if role in BUILT_INS:
        return ClaudeAgentOptions(
            **common,
            disallowed_tools=["Skill"],  # it knows only the CLI's own; Jobs lists the owner's in the prompt
            tools=list(few) if (few := FEW_BUILT_INS.get(role)) else {"type": "preset", "preset": "claude_code"},
            permission_mode="bypassPermissions",
            cwd=settings.workspace_dir,
            mcp_servers={**foreign, **servers},  # empty unless the role is in MCP_SERVERS
            settings='{"crossSessionInbound":"refuse"}',
            include_partial_messages=settings.streaming == "text",
        )
    return ClaudeAgentOptions(
        **common,
        tools=[],
        allowed_tools=tool_names(role),
        permission_mode="dontAsk",
        cwd=paths.empty,
        mcp_servers=servers,
        settings='{"crossSessionInbound":"refuse","permissions":{"deny":["Read(//**)","Edit(//**)"]}}',
        extra_args={"disable-slash-commands": None},
    )


def tool_names(role: Role) -> list[str]:
    """Jobs' tools of a role under the names the CLI knows them by."""
    return [f"mcp__{SERVER}__{name}" for name in allowed(role)]
