"""`./jobs setup`: asks for what is missing, signs in to Telegram, checks the model, and keeps it all in `.env`."""

import asyncio
import logging

from jobs import log
from jobs.called import complain
from jobs.db import AlreadyRunning, DataLock
from jobs.masks import Masks
from jobs.setup.account import set_up_account
from jobs.setup.answers import Answers, SetupStopped
from jobs.setup.model import KEY, TOKEN, set_up_model
from jobs.setup.terminal import Terminal
from jobs.texts import terminal_language

UNFINISHED = 2


def setup() -> int:
    """Lead the person at the terminal (or a script, line by line) through it; returns the exit code.

    0: everything is in place; 2: left unfinished, and what was finished is kept. Raises SettingsError when a setting is
    wrong that setup does not ask about.
    """
    language = terminal_language()
    answers = Answers(Terminal(), language)
    try:
        asyncio.run(_set_up(answers))
    except SetupStopped as stopped:
        complain(str(stopped))
        return UNFINISHED
    except (KeyboardInterrupt, EOFError):
        print(flush=True)
        complain(answers.text("left"))
        return UNFINISHED
    return 0


async def _set_up(answers: Answers) -> None:
    await _ask_settings(answers)
    settings = answers.settings()
    log.set_up("error", Masks(settings.secrets()))
    logging.getLogger("telethon").setLevel(logging.ERROR)  # what it warns of, the person is told in a sentence
    try:
        settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise SetupStopped(answers.text("not_written", path=settings.data_dir, error=error.strerror)) from None
    lock = DataLock(settings.data_dir)
    try:
        lock.acquire()
    except AlreadyRunning:
        raise SetupStopped(answers.text("running", path=settings.data_dir)) from None
    try:
        account, owner = await set_up_account(answers)
        await set_up_model(answers)
    finally:
        lock.release()
    if not answers.changed:
        answers.tell("nothing_changed")
    answers.tell("done", account=account, owner=owner)


async def _ask_settings(answers: Answers) -> None:
    """What needs no connection to be asked."""
    for name in answers.wrong():
        await _mend(answers, name)
    _name_kept(answers)
    settings = answers.settings()
    missing = [name for name in ("TG_API_ID", "TG_API_HASH") if getattr(settings, name.lower()) is None]
    if missing:
        answers.tell("where_api")
    for name in missing:
        await answers.ask(name)
    if missing and not settings.http_proxy:
        await answers.ask("HTTP_PROXY", default="", enter=answers.text("proxy_none"))
    if not answers.source("TZ"):
        await answers.ask("TZ", default=settings.tz.key, zone=settings.tz.key)


async def _mend(answers: Answers, name: str) -> None:
    """Have a value replaced that cannot be. The owner and the bot's token are asked for once there is a connection."""
    answers.tell(f"wrong_{name.lower()}")
    if name in ("TG_USER_ID", "TG_BOT_TOKEN"):
        answers.drop(name)
    elif name == "HTTP_PROXY":
        answers.drop(name)
        await answers.ask(name, default="", enter=answers.text("proxy_none"))
    else:
        await answers.ask(name)


def _name_kept(answers: Answers) -> None:
    """Say what is set already, and where; values that are secret are not shown, nor are the others."""
    names = ("TG_API_ID", "TG_API_HASH", "TG_BOT_TOKEN", "TG_USER_ID", KEY, TOKEN, "HTTP_PROXY", "TZ")
    kept = [f"{name} ({source})" for name in names if (source := answers.source(name))]
    if kept:
        answers.tell("kept", names=", ".join(kept))
