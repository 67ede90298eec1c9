"""The demo's numbers: a person takes a task and says that it is done with a digit each, and no model is asked."""

from collections.abc import Awaitable, Callable

from jobs_simulator.chat import Chat
from jobs_simulator.stage import Stage

Step = Callable[[str, Awaitable[str]], Awaitable[None]]
Check = Callable[[str, bool], None]


class RepliesPart:
    def __init__(self, stage: Stage, step: Step, check: Check) -> None:
        self._stage = stage
        self._step = step
        self._check = check

    async def answered(self, owner: Chat, anna: Chat) -> None:
        """She was just told of a task, in a message that ends with the numbers."""
        asked = len(self._stage.model.requests)
        await self._step("she takes it with “1”", anna.ask("1", "за вами", "договор", "5 — сделано"))
        await self._step("the owner hears it", owner.expect("Анна Орлова", "договор", "принята"))
        await self._step("she says with “5” that it is done", anna.ask("5", "сделана"))
        await self._step("the owner is asked to accept it", owner.expect("Анна Орлова", "выполнена", "/verify 2"))
        self._check("no model was asked for any of it", len(self._stage.model.requests) == asked)
