"""One question to a cheap model that belongs to no conversation: no tools, no memory of it afterwards.

Importing this loads the SDK, so it is imported where the first one is asked.
"""

import shutil
from dataclasses import replace
from pathlib import Path

from claude_agent_sdk import AssistantMessage, ClaudeSDKError, ResultMessage, TextBlock, create_sdk_mcp_server, query

from jobs.config import Settings
from jobs.spine.model import Usage
from jobs.users import profile
from jobs.users.model import Role
from jobs.users.outcome import ModelUnavailable, Reply, SessionFailed

NOBODY = "0"
"""In place of a person's id in the path of its folder."""


async def ask(
    settings: Settings,
    launcher: Path,
    empty: Path,
    *,
    prompt: str,
    text: str,
    model: str | None,
    most_usd: float | None,
) -> Reply:
    """The model's answer to `text` under the system prompt `prompt`.

    It costs `most_usd` at most, give or take what one request goes over. Raises ModelUnavailable or SessionFailed.
    """
    paths = profile.SessionPaths.make(settings.data_dir, NOBODY, empty)
    locked = profile.options(
        settings,
        Role.EXTERNAL,
        paths,
        launcher=launcher,
        prompt=prompt,
        model=model,
        tools=create_sdk_mcp_server(profile.SERVER, tools=[]),
        mcp_servers={},
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
