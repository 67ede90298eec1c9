"""`./jobs audit PERSON`: everything a person said, was told, and every tool call made for them, by time."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass

import apsw

from jobs.called import complain
from jobs.config import Settings
from jobs.db import Database, DatabaseError, open_as_is
from jobs.texts import Language, at_terminal, say, say_time, terminal_language
from jobs.times import from_text
from jobs.users.consent import visible
from jobs.users.model import Person
from jobs.users.notices import label
from jobs.users.people import PeopleFinder
from jobs.users.repository import UsersRepository

DONE, NOT_FOUND, UNUSABLE = 0, 1, 2
OWNER = ("owner", "владелец")
"""As what the owner's own conversation is asked for."""


@dataclass(frozen=True)
class Entry:
    at: str
    """UTC, as in the database."""
    key: str
    """The text that says what it is: audit_said, audit_told, audit_call or audit_about."""
    state: str
    text: str


class NoDirectory:
    """Nobody is looked up in Telegram: the audit works on the database alone."""

    async def look_up(self, query: str) -> int | None:
        return None


def audit(settings: Settings, who: str) -> int:
    """Print it; returns the exit code. Works while Jobs runs, and changes nothing."""
    language = terminal_language()
    try:
        db = open_as_is(settings.data_dir / "db.sqlite")
    except DatabaseError as error:
        complain(error.told)
        return UNUSABLE
    try:
        users = UsersRepository(db, settings.tg_user_id or 0, settings.tz)
        if who.casefold() in OWNER or who == str(users.owner_id):
            found = [users.owner()]
        else:
            found = [each.person for each in asyncio.run(PeopleFinder(users, NoDirectory()).find(who))]
        if len(found) != 1:
            key = "which_one" if found else "nobody_called"
            print(say(key, language, name=visible(who)), *map(label, found), sep="\n")
            return NOT_FOUND
        for line in lines(db, found[0], settings, language):
            print(line)
    except apsw.Error as error:
        complain(at_terminal("db_not_read", path=db.path, why=error))
        return UNUSABLE
    finally:
        db.close()
    return DONE


def lines(db: Database, person: Person, settings: Settings, language: Language) -> Iterator[str]:
    """Each entry as one line or more: its time in the owner's zone, what it is, its state, its words whole."""
    yield visible(label(person))
    for entry in entries(db, person.id):
        at = say_time(from_text(entry.at), settings.tz, language)
        words = "\n".join(f"    {line}" for line in visible(entry.text).splitlines())
        yield f"{at} · {say(entry.key, language)} · {entry.state}\n{words}"


def entries(db: Database, person_id: int) -> list[Entry]:
    """What the database has of a person: messages both ways, calls in their turns, the owner's calls about them."""
    rows = db.execute(
        """SELECT sent_at AS at, 'audit_said' AS key, state, text || CASE WHEN extras = '{}' THEN '' ELSE
               char(10) || extras END AS text, id FROM inbox WHERE lane = :id
           UNION ALL
           SELECT coalesce(sent_at, created_at), 'audit_told', state || coalesce(': ' || error, ''),
               text || coalesce(char(10) || file, '') || coalesce(char(10) || content, ''), id
           FROM outbox WHERE chat = :id
           UNION ALL
           SELECT called_at, CASE WHEN lane = :id THEN 'audit_call' ELSE 'audit_about' END, tool,
               arguments || char(10) || result, tool_calls.id
           FROM tool_calls JOIN turns ON turns.id = turn_id
           WHERE lane = :id OR result ->> '$.sent_to.id' = :id OR result ->> '$.user_id' = :id
                 OR result ->> '$.task.user_id' = :id
           ORDER BY at, id""",
        {"id": person_id},
    )
    return [Entry(row["at"], row["key"], row["state"], row["text"]) for row in rows]
