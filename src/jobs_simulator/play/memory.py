"""The demo's memory: facts told and changed, found after restarts in the other language, edited, killed half-way."""

from collections.abc import Awaitable, Callable

from jobs_simulator.chat import Chat
from jobs_simulator.output import show
from jobs_simulator.stage import Program, Stage

Step = Callable[[str, Awaitable[str]], Awaitable[None]]
Check = Callable[[str, bool], None]


class MemoryPart:
    """`told` at the beginning, `kept` at the end, when a contact has said that she is back from her holiday."""

    def __init__(self, stage: Stage, step: Step, check: Check) -> None:
        self._stage = stage
        self._step = step
        self._check = check

    async def told(self, owner: Chat) -> None:
        """A fact, and what it changes to."""
        await self._step("a fact is told in Russian", owner.ask("Запомни: код домофона на даче: 4512", "Запомнил"))
        await self._step("it changes", owner.ask("Запомни: код домофона на даче: 7788", "Запомнил"))
        facts = self._facts()
        self._check("the new one stands in MEMORY.md, the old one does not", "7788" in facts and "4512" not in facts)
        self._check("the old one is noted in the day's log", "4512" in self._logs())

    async def kept(self, program: Program, owner: Chat, start: Callable[[], Awaitable[Program]]) -> Program:
        """After two more starts: what was told, what others said, what was edited by hand, a kill in the middle."""
        for _ in range(2):
            show("\n--- another start ---\n")
            await program.stop()
            program = await start()
        self._check("before it stopped, what was said had been noted in a day's log", "Попроси Марию" in self._logs())
        await self._step(
            "three starts later it is found by a question in English",
            owner.ask("what do you remember about the entry phone code at the summer house?", "7788"),
        )
        memory = self._stage.workspace / "MEMORY.md"
        memory.write_text(self._facts().replace("7788", "9090"), encoding="utf-8")
        await self._step(
            "MEMORY.md edited by hand is believed at once", owner.ask("Что ты помнишь про код домофона?", "9090")
        )
        await self._step(
            "what a contact said is found, with her name and the day",
            owner.ask("Что ты помнишь про отпуск Марии?", "Мария Иванова", "вернулась из отпуска", "conversations/"),
        )
        self._check("and is no fact in MEMORY.md", "отпуск" not in self._facts())
        await owner.ask("/new", "новый разговор")
        show("\n--- kill -9 while a fact is written ---\n")
        seen = len(self._stage.model.requests)
        await owner.say("Запомни: запасные ключи у соседа Геннадия")
        await self._stage.model.wait_for_request(lambda request: bool(request.tool_results), after=seen)
        await program.kill()
        program = await start()
        await self._step("the turn is finished by the next start", owner.expect("Запомнил", "Геннадия"))
        facts = self._facts()
        self._check("the fact is there once, nothing is torn", facts.count("Геннадия") == 1 and "9090" in facts)
        return program

    def _facts(self) -> str:
        return (self._stage.workspace / "MEMORY.md").read_text(encoding="utf-8")

    def _logs(self) -> str:
        return "".join(path.read_text(encoding="utf-8") for path in self._stage.workspace.glob("memory/*.md"))
