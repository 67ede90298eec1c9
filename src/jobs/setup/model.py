"""The model's credential: asked for, and checked with one call."""

import asyncio
import os
import tempfile

from jobs.config import Settings
from jobs.setup.answers import Answers
from jobs.setup.terminal import kept_modes
from jobs.spine.model import Usage
from jobs.users import sdk
from jobs.users.cli_launcher import bundled_cli
from jobs.users.outcome import ModelUnavailable, SessionFailed

KEY = "ANTHROPIC_API_KEY"
TOKEN = "CLAUDE_CODE_OAUTH_TOKEN"
NO_KEY = "not-needed"
"""The key for a server that wants none: the CLI does not start without one."""


async def set_up_model(answers: Answers) -> None:
    """Ask for a credential until a call with it succeeds. Raises SetupStopped."""
    if not answers.settings().has_model:
        await _choose(answers)
    while True:
        answers.tell("model_checking")
        settings = answers.settings()
        try:
            usage = await _check(settings)
        except (ModelUnavailable, SessionFailed, TimeoutError) as error:
            answers.terminal.say(_sentence(answers, settings, error))
        else:
            answers.tell("model_answers", model=usage.model or "?", cost=f"{usage.cost_usd:.4f}")
            return
        await _choose(answers)


async def _check(settings: Settings) -> Usage:
    await asyncio.to_thread(sdk.load)  # it takes a second, for which the first question should not wait
    from jobs.setup.model_check import check_model

    return await check_model(settings)


async def _choose(answers: Answers) -> None:
    """Have the person choose a credential; Enter keeps the one that is there, where there is one."""
    settings = answers.settings()
    question = [answers.text("model_how")]
    if settings.anthropic_base_url:
        question.append(answers.text("model_how_none", url=settings.anthropic_base_url))
    if settings.has_model:
        question.append(answers.text("model_how_again"))
    while True:
        match (await answers.terminal.ask("\n".join(question) + "\n>")).strip("."):
            case "1":
                chosen = await answers.ask(KEY, default="") is not None
            case "2":
                chosen = await _oauth(answers, settings)
            case "3" if settings.anthropic_base_url:
                answers.keep(KEY, NO_KEY)
                chosen = True
            case answer:
                chosen = answer == "" and settings.has_model
        if chosen:
            return


async def _oauth(answers: Answers, settings: Settings) -> bool:
    """Let the bundled CLI sign in to a Claude subscription in this terminal; the token it shows is pasted.

    Returns whether there is a token now.
    """
    answers.refuse_environment(KEY)
    if answers.terminal.is_tty:
        answers.tell("oauth_starts")
        await _setup_token(settings)
    else:
        answers.tell("oauth_elsewhere", command=f"{bundled_cli()} setup-token")
    if await answers.ask(TOKEN, default="") is None:
        return False
    answers.drop(KEY)  # it would win over the token
    return True


async def _setup_token(settings: Settings) -> None:
    """Run `claude setup-token` with this terminal's input and output, and wait for its end."""
    with tempfile.TemporaryDirectory(dir=settings.data_dir, prefix="check-", ignore_cleanup_errors=True) as folder:
        environment = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith("ANTHROPIC_") and not name.startswith("CLAUDE_")
        }
        environment["CLAUDE_CONFIG_DIR"] = folder
        environment["DISABLE_AUTOUPDATER"] = "1"
        environment.update(_proxy_variables(settings))
        with kept_modes():
            process = await asyncio.create_subprocess_exec(str(bundled_cli()), "setup-token", env=environment)
            try:
                await process.wait()
            finally:
                if process.returncode is None:
                    process.kill()


def _proxy_variables(settings: Settings) -> dict[str, str]:
    """HTTP_PROXY as the CLI takes it; nothing for a SOCKS proxy, which it does not support."""
    if settings.http_proxy is None or settings.http_proxy.is_socks:
        return {}
    url = settings.http_proxy.url
    return {"HTTP_PROXY": url, "HTTPS_PROXY": url, "NO_PROXY": ",".join(settings.unproxied_hosts)}


def _sentence(answers: Answers, settings: Settings, error: Exception) -> str:
    """What is wrong, in one sentence."""
    if isinstance(error, SessionFailed):
        return answers.text("model_failed", error=error)
    status = error.status if isinstance(error, ModelUnavailable) and not error.is_proxys else None
    if status in (401, 403):
        return answers.text("model_refused", status=status)
    if status is not None:
        return answers.text("model_busy", status=status)
    return answers.text("model_unreachable", address=settings.anthropic_base_url or "api.anthropic.com")
