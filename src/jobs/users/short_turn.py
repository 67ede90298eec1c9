"""One question to a cheap model that belongs to no conversation: no tools, no memory of it afterwards.

Importing this loads the SDK, so it is imported where the first one is asked.
"""

import shutil
from dataclasses import replace
from pathlib import Path

from claude_agent_sdk import AssistantMessage, ClaudeSDKError, ResultMessage, TextBlock, create_sdk_mcp_server, query

from jobs.broker import Broker
from jobs.config import Settings
from jobs.spine.model import Usage
from jobs.users import profile
from jobs.users.model import Role
from jobs.users.outcome import ModelUnavailable, Reply, SessionFailed
from jobs.walls import Walls

NOBODY = "0"
"""In place of a person's id in the path of its folder."""


async def ask(
    settings: Settings,
    launcher: Path,
    empty: Path,
    walls: Walls,
    broker: Broker,
    *,
    lane: int,
    prompt: str,
    text: str,
    model: str | None,
    most_usd: float | None,
) -> Reply:
    """The model's answer to `text` under the system prompt `prompt`. `lane`: whose money it is.

    It costs `most_usd` at most, give or take what one request goes over. Raises ModelUnavailable or SessionFailed.
    """
    paths = walls.paths(settings.data_dir, NOBODY, empty, is_owner=False)
    given = broker.issue(lane, Role.EXTERNAL, lambda: None, may_browse=False)
    locked = profile.options(
        settings,
        Role.EXTERNAL,
        paths,
        launcher=launcher,
        walls=walls,
        broker_port=broker.port,
        model_access=broker.environment(given),
        prompt=prompt,
        model=model,
        tools=create_sdk_mcp_server(profile.SERVER, tools=[]),
        foreign={},
        hooks={},
        resume=None,
        resume_at=None,
        budget_usd=most_usd,
    )
    options = replace(locked, mcp_servers={}, allowed_tools=[], max_turns=1)
    said = ""
    result: ResultMessage | None = None
    error: str | None = None
    try:
        async for message in query(prompt=text, options=options):
            if isinstance(message, AssistantMessage):
                error = message.error or error
                said += "".join(block.text for block in message.content if isinstance(block, TextBlock))
            elif isinstance(message, ResultMessage):
                result = message
    except (ClaudeSDKError, OSError) as failure:
        if result is None:
            raise SessionFailed(f"the session's process ended: {str(failure)[:200]}") from None
    finally:
        broker.end(given)
        shutil.rmtree(paths.config / "projects", ignore_errors=True)  # the transcript: it is not gone on with
    if result is None:
        raise SessionFailed("the session's process ended without a result")
    if result.is_error:
        if result.api_error_status is not None or error is not None:
            raise ModelUnavailable(result.api_error_status, error or "the model's service failed")
        raise SessionFailed(f"the turn ended by an error ({result.subtype})")
    usage = result.usage or {}
    names = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")
    asked = sum(usage.get(name) or 0 for name in names)
    return Reply(said, Usage(asked, usage.get("output_tokens") or 0, result.total_cost_usd or 0.0, model))
