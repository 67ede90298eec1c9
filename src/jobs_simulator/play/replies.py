"""The demo's numbers: a person takes a task and says that it is done with a digit each, and no model is asked."""

from collections.abc import Awaitable, Callable

from jobs_simulator.chat import Chat
from jobs_simulator.stage import Stage

Step = Callable[[str, Awaitable[str]], Awaitable[None]]
Check = Callable[[str, bool], None]

UPDATE = "mcp__jobs__update_task"
"""A tool that only other people's sessions have."""


class RepliesPart:
    def __init__(self, stage: Stage, step: Step, check: Check) -> None:
        self._stage = stage
        self._step = step
        self._check = check

    async def answered(self, owner: Chat, anna: Chat) -> None:
        """She was just told of a task, in a message that ends with the numbers."""
        asked = self._asked_by_people()
        await self._step("she takes it with “1”", anna.ask("1", "за вами", "договор", "5 — сделано"))
        await self._step("the owner hears it", owner.expect("Анна Орлова", "договор", "принята"))
        await self._step("she says with “5” that it is done", anna.ask("5", "сделана"))
        await self._step("the owner is asked to accept it", owner.expect("Анна Орлова", "выполнена", "/verify 2"))
        self._check("no model was asked for any of it", self._asked_by_people() == asked)

    def _asked_by_people(self) -> int:
        """How many requests the sessions of other people have made; the owner's may be at work meanwhile."""
        return len([each for each in self._stage.model.requests if UPDATE in each.tools])
