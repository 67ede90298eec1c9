"""The demo's skills: one that appears in the workspace is shown to the owner, and offered after a yes, to them only."""

from collections.abc import Awaitable, Callable

from jobs_simulator.chat import Chat
from jobs_simulator.stage import Stage

Step = Callable[[str, Awaitable[str]], Awaitable[None]]
Check = Callable[[str, bool], None]

NAME, ABOUT = "weekly-report", "Отчёт по пятницам"


class SkillsPart:
    """`offered` at the beginning, `unseen` when others have written."""

    def __init__(self, stage: Stage, step: Step, check: Check) -> None:
        self._stage = stage
        self._step = step
        self._check = check

    async def offered(self, owner: Chat) -> None:
        """A skill is put into its folder by hand."""
        file = self._stage.workspace / ".claude" / "skills" / NAME / "SKILL.md"
        file.parent.mkdir(parents=True)
        file.write_text(f"---\nname: {NAME}\ndescription: {ABOUT}\n---\n\n1. Посчитать часы.\n", encoding="utf-8")
        await owner.say("Спасибо")
        await self._step(
            "a skill that has appeared is shown to the owner", owner.expect("Посчитать часы", f"/skills allow {NAME}")
        )
        await owner.expect("пожалуйста")
        self._check(
            "it is not offered yet, the shipped ones are", self._system(ABOUT, "- daily-review:") == [False, True]
        )
        await self._step("the owner says yes", owner.ask("да", NAME, "разрешён"))
        await owner.ask("Спасибо", "пожалуйста")
        self._check("from the next message on it is offered to their session", self._system(ABOUT) == [True])

    def unseen(self) -> None:
        """Nobody else's session has heard of it."""
        others = [str(each.body) for each in self._stage.model.requests if "mcp__jobs__get_my_tasks" in each.tools]
        self._check(
            "no other person's session is told of any skill", not any("daily-review" in each for each in others)
        )

    def _system(self, *words: str) -> list[bool]:
        """Which of the words stand in the system prompt of the owner's last request."""
        system = [each.system for each in self._stage.model.requests if "mcp__jobs__list_users" in each.tools][-1]
        return [word in system for word in words]
