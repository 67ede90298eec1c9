"""/ban, /unban, /mute, /allow and /limit: who is answered, and how much."""

from collections.abc import Callable

from jobs.spine.model import Choice
from jobs.telegram.commands.command import Answer, Call
from jobs.texts import say
from jobs.users.doorkeeper import Doorkeeper, Limits, Standing
from jobs.users.model import Person
from jobs.users.notices import label
from jobs.users.people import PeopleFinder

DEFAULT = "default"


class Admission:
    def __init__(self, people: PeopleFinder, door: Doorkeeper) -> None:
        self._people = people
        self._door = door

    async def ban(self, call: Call) -> Answer:
        return await self._with_one(call, "ban", lambda person: self._set(call, person, Standing.BANNED))

    async def unban(self, call: Call) -> Answer:
        return await self._with_one(call, "unban", lambda person: self._set(call, person, Standing.KNOWN))

    async def mute(self, call: Call) -> Answer:
        return await self._with_one(call, "mute", lambda person: self._set(call, person, Standing.MUTED))

    async def limit(self, call: Call) -> Answer:
        """`/limit NAME` tells a person's limits; `/limit NAME turns 5` sets one, `… turns default` takes it back."""
        words = call.words.split()
        change: tuple[str, float | None] | None = None
        if len(words) > 2 and words[-2] in Limits.__dataclass_fields__:
            try:
                change = words[-2], None if words[-1] == DEFAULT else float(words[-1].replace(",", "."))
            except ValueError:
                return Answer(say("limit_wrong", call.person.language))
            if change[1] is not None and not 0 <= change[1] < 1e6:
                return Answer(say("limit_wrong", call.person.language))
            words = words[:-2]

        def do(person: Person) -> Answer:
            if change:
                self._door.limit(person.id, *change)
            limits = self._door.limits(person.id)
            return Answer(say("limits_of", call.person.language, name=label(person), **vars(limits)))

        return await self._with_one(Call(call.person, " ".join(words)), "limit", do)

    def _set(self, call: Call, person: Person, standing: Standing) -> Answer:
        self._door.set(person.id, standing)
        return Answer(say(f"now_{standing}", call.person.language, name=label(person), id=person.id))

    async def _with_one(self, call: Call, command: str, do: Callable[[Person], Answer]) -> Answer:
        language = call.person.language
        if not call.words:
            return Answer(say("whom", language, command=command))
        found = await self._people.find(call.words)
        if len(found) == 1 and found[0].is_sure:
            return do(found[0].person)
        if not found:
            return Answer(say("nobody_called", language, name=call.words))
        lines = [f"· {label(each.person)}: /{command} {each.person.id}" for each in found]
        choices = tuple(Choice(label(each.person), f"/{command} {each.person.id}") for each in found)
        return Answer("\n".join([say("which_one", language), *lines]), choices)
