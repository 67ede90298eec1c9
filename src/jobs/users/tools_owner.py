"""The owner's tools about other people."""

from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

from pydantic import BaseModel, Field

from jobs.spine.model import OutboxKind
from jobs.spine.tool import Effect, NoArguments, Tool, ToolError
from jobs.times import local_iso
from jobs.users.letters import Letters
from jobs.users.model import Person
from jobs.users.people import PeopleFinder
from jobs.users.quotations import short_name
from jobs.users.repository import UsersRepository

USER = Field(description="Who: a name as it was said (any case form), @username, phone or id")


class SendToUser(BaseModel):
    user: str = USER
    text: str = Field(min_length=1, description="The message, in that person's language, ready to be sent as it is")


class ResolveUser(BaseModel):
    query: str = Field(description="A name in any form, @username, phone or id")


class SetUserNote(BaseModel):
    user: str = USER
    note: str | None = Field(None, max_length=2000, description="What the owner wants to be known of them; replaces it")
    zone: str | None = Field(None, description="Where they live, an IANA name: Europe/Lisbon. For their quiet hours")


class OwnerTools:
    """Builds the tools; each method is one of them."""

    def __init__(self, users: UsersRepository, letters: Letters, people: PeopleFinder) -> None:
        self._users = users
        self._letters = letters
        self._people = people

    def tools(self) -> list[Tool[Any]]:
        return [
            Tool(
                "send_to_user",
                "Send a message to another person, now, in their chat with Jobs. Not for tasks: see create_user_task.",
                SendToUser,
                self.send_to_user,
                has_effect=True,
            ),
            Tool(
                "resolve_user",
                "Find out who is meant by a name. Several candidates: ask the owner which one, never choose.",
                ResolveUser,
                self.resolve_user,
            ),
            Tool("list_users", "Everyone Jobs knows.", NoArguments, self.list_users),
            Tool(
                "set_user_note",
                "Keep a note about a person (only the owner's session ever sees it), or the zone they live in.",
                SetUserNote,
                self.set_user_note,
                has_effect=True,
            ),
        ]

    async def send_to_user(self, call: SendToUser) -> Effect:
        person = await self._people.one(call.user)

        def effect() -> Any:
            held = self._letters.say(f"message:{uuid4()}", person, OutboxKind.MESSAGE, call.text)
            to = {"id": person.id, "name": short_name(person.name)}
            if held is None:
                return {"sent_to": to}
            return {
                "held": held,
                "for": to,
                "why": "They never wrote. The owner was shown the text and asked to say yes.",
            }

        return effect

    async def set_user_note(self, call: SetUserNote) -> Effect:
        person = await self._people.one(call.user)
        if call.note is None and call.zone is None:
            raise ToolError("Give a note or a zone.")
        try:
            zone = ZoneInfo(call.zone) if call.zone else None
        except (KeyError, OSError, ValueError):
            raise ToolError(f"{call.zone!r} is not a time zone's name; use one such as Europe/Lisbon.") from None

        def effect() -> Any:
            if call.note is not None:
                self._users.set_note(person.id, call.note.strip())
            if zone:
                self._users.set_zone(person.id, zone)
            return {"user": _person(self._users.get(person.id) or person)}

        return effect

    async def resolve_user(self, call: ResolveUser) -> Any:
        found = await self._people.find(call.query)
        return {"candidates": [{**_person(candidate.person), "is_sure": candidate.is_sure} for candidate in found]}

    async def list_users(self, _: NoArguments) -> Any:
        return {"users": [_person(person) for person in self._users.everyone()]}


def _person(person: Person) -> dict[str, Any]:
    return {
        "id": person.id,
        "name": short_name(person.name),
        "username": person.username,
        "language": person.language,
        "last_contact": local_iso(person.last_contact, person.zone) if person.last_contact else None,
        **({"note": person.note} if person.note else {}),
    }
