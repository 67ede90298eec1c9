"""The owner's tools about who is let in."""

from typing import Any

from pydantic import BaseModel

from jobs.spine.tool import Effect, Tool
from jobs.users.doorkeeper import Doorkeeper, Standing
from jobs.users.people import PeopleFinder
from jobs.users.quotations import short_name
from jobs.users.tools_owner import USER


class BanUser(BaseModel):
    user: str = USER


class StandingTools:
    def __init__(self, people: PeopleFinder, door: Doorkeeper) -> None:
        self._people = people
        self._door = door

    def tools(self) -> list[Tool[Any]]:
        about_ban = (
            "Handle nothing of what a person writes from now on; they are not told. Only when the owner says so."
        )
        about_unban = "Let a person in again, whether banned, muted or held as a stranger."
        return [
            Tool("ban_user", about_ban, BanUser, self.ban, has_effect=True),
            Tool("unban_user", about_unban, BanUser, self.unban, has_effect=True),
        ]

    async def ban(self, call: BanUser) -> Effect:
        return await self._change(call.user, Standing.BANNED)

    async def unban(self, call: BanUser) -> Effect:
        return await self._change(call.user, Standing.KNOWN)

    async def _change(self, user: str, standing: Standing) -> Effect:
        person = await self._people.one(user)

        def effect() -> Any:
            self._door.set(person.id, standing)
            return {"user": short_name(person.name), "user_id": person.id, "standing": standing.value}

        return effect
