"""The three tools of anyone who is not the owner. Who is calling is bound in here, when the session is built."""

from typing import Any, Literal
from uuid import uuid4

from pydantic import BaseModel, Field

from jobs.spine.model import OutboxKind
from jobs.spine.outbox import Outbox
from jobs.spine.tool import Effect, NoArguments, Tool, ToolError
from jobs.users.model import Person, TaskStatus
from jobs.users.notices import task_change_for_owner, task_facts, word_for_owner
from jobs.users.repository import UsersRepository

WORDS = 1500
"""Characters of a person's own words in one notice: with its head always one Telegram message (4096 UTF-16 units),
so that no part of it can look like a notice of another."""


class UpdateTask(BaseModel):
    task_id: int
    status: Literal["accepted", "in_progress", "done", "declined"]
    comment: str = Field("", max_length=WORDS, description="Their words about it, if any")


class SendSummaryToOwner(BaseModel):
    text: str = Field(
        min_length=1,
        max_length=WORDS,
        description="What the owner should know, in the person's words; more in a next call",
    )


class ExternalTools:
    """Builds the tools for one person. No argument of any of them says who is calling."""

    def __init__(self, users: UsersRepository, outbox: Outbox, person_id: int) -> None:
        self._users = users
        self._outbox = outbox
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
        task = self._users.task(call.task_id)
        if task is None or task.user_id != self._person_id:
            raise ToolError(f"This person has no task {call.task_id}.")
        if task.status == TaskStatus.CANCELLED:
            raise ToolError(f"Task {task.id} was taken back and can no longer change.")

        def effect() -> Any:
            changed = self._users.set_status(task.id, TaskStatus(call.status), call.comment)
            owner = self._users.owner()
            text = task_change_for_owner(changed, self._person(), owner, call.comment)
            self._outbox.say(f"task-event:{uuid4()}", owner.id, OutboxKind.NOTICE, text)
            return {"task": task_facts(changed)}

        return effect

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
