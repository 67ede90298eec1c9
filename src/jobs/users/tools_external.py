"""The three tools of anyone who is not the owner. Who is calling is bound in here, when the session is built."""

from typing import Any, Literal
from uuid import uuid4

from pydantic import BaseModel, Field

from jobs.spine.model import OutboxKind
from jobs.spine.outbox import Outbox
from jobs.spine.tool import Effect, NoArguments, Tool, ToolError
from jobs.times import parse_local
from jobs.users.model import Person, Task, TaskKind, TaskStatus
from jobs.users.notices import task_facts, word_for_owner
from jobs.users.repository import UsersRepository
from jobs.users.task_answers import Answers
from jobs.users.task_states import WrongMove
from jobs.users.tasks import NoSuchTask
from jobs.users.terms import Terms

WORDS = 1500
"""Characters of a person's own words in one notice: with its head always one Telegram message (4096 UTF-16 units),
so that no part of it can look like a notice of another."""


class UpdateTask(BaseModel):
    task_id: int
    status: Literal["accepted", "in_progress", "done", "declined", "proposal", "question"] = Field(
        description="What they say of it. proposal: they want another deadline, price or length, or (for a meeting) "
        "another time; question: they ask something that the owner has to answer"
    )
    comment: str = Field(
        "", max_length=WORDS, description="Their words about it, if any; for a question: what they ask"
    )
    deadline: str | None = Field(None, description="With a proposal. Their local time, ISO 8601: 2026-11-25T18:00")
    price: float | None = Field(None, ge=0, description="With a proposal")
    minutes: int | None = Field(None, gt=0, description="With a proposal: how long it takes or lasts")
    slot: int | None = Field(None, description="For a meeting with slots: the number of the one they accept")


class SendSummaryToOwner(BaseModel):
    text: str = Field(
        min_length=1,
        max_length=WORDS,
        description="What the owner should know, in the person's words; more in a next call",
    )


class ExternalTools:
    """Builds the tools for one person. No argument of any of them says who is calling."""

    def __init__(self, users: UsersRepository, outbox: Outbox, answers: Answers, person_id: int) -> None:
        self._users = users
        self._outbox = outbox
        self._answers = answers
        self._person_id = person_id

    def tools(self) -> list[Tool[Any]]:
        return [
            Tool(
                "get_my_tasks", "What this person was asked to do and has not closed.", NoArguments, self.get_my_tasks
            ),
            Tool(
                "update_task",
                "Note what this person says about a task of theirs; the owner is told.",
                UpdateTask,
                self.update_task,
                has_effect=True,
            ),
            Tool(
                "send_summary_to_owner",
                "Leave word for the owner.",
                SendSummaryToOwner,
                self.send_summary_to_owner,
                has_effect=True,
            ),
        ]

    async def get_my_tasks(self, _: NoArguments) -> Any:
        return {"tasks": [task_facts(task) for task in self._users.tasks(self._person_id)]}

    async def update_task(self, call: UpdateTask) -> Effect:
        self._own(call.task_id)
        zone = self._person().zone
        try:
            deadline = parse_local(call.deadline, zone) if call.deadline else None
        except ValueError as error:
            raise ToolError(f"The deadline: {error}.") from None
        terms = Terms(deadline=deadline, price=call.price, minutes=call.minutes)

        def effect() -> Any:
            try:
                return self._noted(self._own(call.task_id), call, terms)
            except (WrongMove, NoSuchTask) as error:
                raise ToolError(str(error)) from None

        return effect

    def _own(self, task_id: int) -> Task:
        task = self._answers.own(task_id)
        if task is None:
            raise ToolError(f"This person has no task {task_id}.")
        return task

    def _noted(self, task: Task, call: UpdateTask, terms: Terms) -> dict[str, Any]:
        answers = self._answers
        if call.status == "question":
            return {"task": task_facts(answers.ask(task, call.comment)), "passed_on": True}
        if call.status == "proposal":
            changed, agreed = answers.propose(task, terms, call.comment)
            return {"task": task_facts(changed), "agreed": agreed, "owner_is_asked": not agreed}
        if call.status == "accepted" and task.kind is TaskKind.MEETING and task.bounds.slots:
            if call.slot is None:
                raise ToolError("Ask which of the slots they choose, and give its number as slot.")
            return {"task": task_facts(answers.pick(task, call.slot)), "both_are_told": True}
        return {"task": task_facts(answers.report(task, TaskStatus(call.status), call.comment))}

    async def send_summary_to_owner(self, call: SendSummaryToOwner) -> Effect:
        def effect() -> Any:
            owner = self._users.owner()
            text = word_for_owner(self._person(), owner, call.text)
            self._outbox.say(f"word:{uuid4()}", owner.id, OutboxKind.NOTICE, text)
            return {"delivered": True}

        return effect

    def _person(self) -> Person:
        person = self._users.get(self._person_id)
        if person is None:
            raise ToolError("This person is not known any more.")
        return person
