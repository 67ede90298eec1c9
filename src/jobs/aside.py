"""`./jobs retry`, and how `./jobs doctor` shows what was given up. Both work while Jobs runs."""

import os
import re
import sys
from zoneinfo import ZoneInfo

import apsw

from jobs.called import complain
from jobs.config import Settings
from jobs.db import LOOK_AGAIN, Database, DatabaseError, DataLock, HolderUnknown, open_as_is
from jobs.spine.aside import Aside, retry
from jobs.texts import Language, at_terminal, say, say_time, terminal_language
from jobs.tools.hooks import HooksError, HooksFile
from jobs.users.notices import lane_label
from jobs.users.repository import UsersRepository

DONE = 0
SOMETHING_FOUND = 1
UNUSABLE = 2

SHOWN_LENGTH = 200
"""How much is shown of the words in question."""

_NAME = re.compile(r"([TOtoТОто])(\d{1,18})")
_LOOKALIKES = str.maketrans("ТОто", "TOTO")


def shown(aside: Aside, db: Database, settings: Settings, language: Language) -> str:
    """One thing that was given up: its id, whose it is, when, why, and the beginning of its words."""
    zone: ZoneInfo = settings.tz
    person = UsersRepository(db, settings.tg_user_id or 0, zone).get(aside.person_id)
    return say(
        f"doctor_{aside.kind}",
        language,
        name=aside.name,
        person=lane_label(aside.person_id, language)
        or (" ".join(person.name.split()) if person and person.name else aside.person_id),
        time=say_time(aside.at, zone, language),
        reason=" ".join(aside.reason.split()),
        text=" ".join(aside.text.split())[:SHOWN_LENGTH],
    )


def retry_one(settings: Settings, name: str) -> int:
    """Open one of them again, and tell a running Jobs; returns the exit code."""
    language = terminal_language()
    match = _NAME.fullmatch(name.strip())
    if match is None:
        return _refuse(say("retry_no_name", language, name=name))
    kind, row_id = match[1].translate(_LOOKALIKES).upper(), int(match[2])
    lock = DataLock(settings.data_dir)
    try:
        lock.holder()  # one that cannot be told would not notice what is changed now
        db = open_as_is(settings.data_dir / "db.sqlite")
    except (DatabaseError, HolderUnknown) as error:
        return _refuse(error.told)
    try:
        was_there = retry(db, "T" if kind == "T" else "O", row_id)
    except apsw.Error as error:
        return _refuse(at_terminal("db_not_written", path=db.path, why=error))
    finally:
        db.close()
    if not was_there:
        print(say("retry_unknown", language, name=f"{kind}{row_id}"), file=sys.stderr)
        return SOMETHING_FOUND
    running = lock.holder()
    if running is not None:
        try:
            os.kill(running, LOOK_AGAIN)
        except (ProcessLookupError, PermissionError):  # it has just ended, or is another user's
            running = None
    print(say("retry_now" if running else "retry_later", language, name=f"{kind}{row_id}"))
    return DONE


def make_hook(settings: Settings, name: str, prompt: str) -> int:
    """Make a web hook and print its address and secret; returns the exit code."""
    if not re.fullmatch(r"[\w-]{1,64}", name, re.ASCII):
        return _refuse(at_terminal("hook_no_name", name=name))
    if not settings.http_port:
        return _refuse(at_terminal("hook_no_port"))
    try:
        secret = HooksFile(settings.data_dir / "hooks.json").add(name, prompt)
    except HooksError as error:
        return _refuse(error.told)
    print(at_terminal("hook_made", url=f"http://127.0.0.1:{settings.http_port}/hooks/{name}", secret=secret))
    return DONE


def _refuse(sentence: str) -> int:
    complain(sentence)
    return UNUSABLE
