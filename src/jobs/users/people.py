"""Finding the person somebody means."""

from dataclasses import dataclass
from typing import Protocol

from jobs.spine.tool import ToolError
from jobs.users.model import Person
from jobs.users.names import NameMatcher, PersonName, Why
from jobs.users.quotations import short_name
from jobs.users.repository import UsersRepository


class Directory(Protocol):
    """Where people are looked up who are not known yet (Telegram itself)."""

    async def look_up(self, query: str) -> int | None:
        """Find the account with this @username or phone, remember it, and return its id; None when there is none."""
        ...


SURE = frozenset({Why.ID, Why.USERNAME, Why.PHONE, Why.FULL_NAME, Why.NAME})
"""Reasons on which a person may be acted upon; by the others (a typo, a part of a name) they are only proposed."""


@dataclass(frozen=True)
class Candidate:
    person: Person
    is_sure: bool
    """Whether they are called that, rather than something like it."""


class PeopleFinder:
    def __init__(self, users: UsersRepository, directory: Directory) -> None:
        self._users = users
        self._directory = directory

    async def find(self, query: str) -> list[Candidate]:
        """Everyone who fits `query` equally well: an id, @username, phone, or a name in any form. Never a guess."""
        people = {person.id: person for person in self._users.everyone()}
        names = [PersonName(person.id, person.name, person.username, person.phone) for person in people.values()]
        matches = NameMatcher(names).match(query)
        if matches:
            return [Candidate(people[match.person.id], match.why in SURE) for match in matches]
        found = await self._directory.look_up(query)
        person = self._users.get(found) if found else None
        return [Candidate(person, True)] if person and person.id != self._users.owner_id else []

    async def one(self, query: str) -> Person:
        """The one person who is called that. Raises ToolError when nobody or more than one is."""
        found = await self.find(query)
        names = "; ".join(f"{short_name(candidate.person.name)} (id {candidate.person.id})" for candidate in found)
        if not found:
            raise ToolError(f"Nobody known fits {query!r}. Ask the owner for an @username or a phone number.")
        if len(found) > 1:
            raise ToolError(f"{query!r} fits more than one person: {names}. Ask the owner which one is meant.")
        if not found[0].is_sure:
            raise ToolError(
                f"Nobody is called {query!r}; the nearest is {names}. Ask the owner whether they are meant."
            )
        return found[0].person
