"""Finding the person somebody means."""

from typing import Protocol

from jobs.spine.tool import ToolError
from jobs.users.model import Person
from jobs.users.names import NameMatcher, PersonName
from jobs.users.repository import UsersRepository


class Directory(Protocol):
    """Where people are looked up who are not known yet (Telegram itself)."""

    async def look_up(self, query: str) -> int | None:
        """Find the account with this @username or phone, remember it, and return its id; None when there is none."""
        ...


class PeopleFinder:
    def __init__(self, users: UsersRepository, directory: Directory) -> None:
        self._users = users
        self._directory = directory

    async def find(self, query: str) -> list[Person]:
        """Everyone who fits `query` equally well: an id, @username, phone, or a name in any form. Never a guess."""
        people = {person.id: person for person in self._users.everyone()}
        names = [PersonName(person.id, person.name, person.username, person.phone) for person in people.values()]
        matches = NameMatcher(names).match(query)
        if matches:
            return [people[match.person.id] for match in matches]
        found = await self._directory.look_up(query)
        person = self._users.get(found) if found else None
        return [person] if person and person.id != self._users.owner_id else []

    async def one(self, query: str) -> Person:
        """The one person who fits. Raises ToolError when nobody or more than one does."""
        found = await self.find(query)
        if not found:
            raise ToolError(f"Nobody known fits {query!r}. Ask the owner for an @username or a phone number.")
        if len(found) > 1:
            names = "; ".join(f"{person.name} (id {person.id})" for person in found)
            raise ToolError(f"{query!r} fits more than one person: {names}. Ask the owner which one is meant.")
        return found[0]
