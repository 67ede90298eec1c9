"""The owner's tools about other people."""

from typing import Any
from uuid import uuid4

from pydantic import BaseModel, Field

from jobs.spine.model import OutboxKind
from jobs.spine.outbox import Outbox
from jobs.spine.tool import Effect, NoArguments, Tool, ToolError, Words
from jobs.texts import say
from jobs.times import local_iso, parse_local
from jobs.users.model import CLOSED, Person, Task, TaskStatus
from jobs.users.notices import task_facts, task_for_person
from jobs.users.people import PeopleFinder
from jobs.users.quotations import short_name
from jobs.users.repository import UsersRepository

USER = Field(description="Who: a name as it was said (any case form), @username, phone or id")


class SendToUser(BaseModel):
    user: str = USER
    text: str = Field(min_length=1, description="The message, in that person's language, ready to be sent as it is")


class CreateUserTask(BaseModel):
    user: str = USER
    title: str = Field(min_length=1, max_length=200, description="What is asked, in the person's language, in one line")
    details: str = Field("", max_length=3000, description="Anything more that they need to know")
    deadline: str | None = Field(
        None, description="Local time of the owner, ISO 8601: 2026-11-25T18:00, or a date alone"
    )


class GetUserTasks(BaseModel):
    user: str | None = Field(None, description="Only this person's; leave out for everyone's")
    status: TaskStatus | None = Field(None, description="Only this status; leave out for all that are open")


class CancelUserTask(BaseModel):
    task_id: int


class ResolveUser(BaseModel):
    query: str = Field(description="A name in any form, @username, phone or id")


class OwnerTools:
    """Builds the tools; each method is one of them."""

    def __init__(self, users: UsersRepository, outbox: Outbox, people: PeopleFinder) -> None:
        self._users = users
        self._outbox = outbox
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
                "create_user_task",
                "Ask another person to do something. They are told at once, in their language, with the deadline; "
                "the owner hears of every answer.",
                CreateUserTask,
                self.create_user_task,
                has_effect=True,
            ),
            Tool(
                "get_user_tasks",
                "Tasks given to other people: who owes what and until when.",
                GetUserTasks,
                self.get_user_tasks,
            ),
            Tool(
                "cancel_user_task",
                "Take a task back; the person is told.",
                CancelUserTask,
                self.cancel_user_task,
                has_effect=True,
            ),
            Tool(
                "resolve_user",
                "Find out who is meant by a name. Several candidates: ask the owner which one, never choose.",
                ResolveUser,
                self.resolve_user,
            ),
            Tool("list_users", "Everyone Jobs knows.", NoArguments, self.list_users),
        ]

    async def send_to_user(self, call: SendToUser) -> Effect:
        person = await self._people.one(call.user)

        def effect() -> Any:
            self._outbox.say(f"message:{uuid4()}", person.id, OutboxKind.MESSAGE, call.text)
            return {"sent_to": {"id": person.id, "name": short_name(person.name)}}

        return effect

    async def create_user_task(self, call: CreateUserTask) -> Effect:
        person = await self._people.one(call.user)
        owner = self._users.owner()
        try:
            deadline = parse_local(call.deadline, owner.zone) if call.deadline else None
        except ValueError as error:
            raise ToolError(f"The deadline: {error}.") from None

        def effect() -> Any:
            first_words = not self._outbox.has_spoken(person.id)
            task = self._users.create_task(person.id, call.title, call.details, deadline, owner.zone)
            text = task_for_person(task, person, owner, first_words=first_words)
            self._outbox.say(f"task:{task.id}:new", person.id, OutboxKind.NOTICE, text)
            return {"task": _shown(task, person), "told": True}

        return effect

    async def get_user_tasks(self, call: GetUserTasks) -> Any:
        user_id = (await self._people.one(call.user)).id if call.user else None
        tasks = self._users.tasks(user_id, call.status)
        return {"tasks": [_shown(task, self._users.get(task.user_id)) for task in tasks]}

    async def cancel_user_task(self, call: CancelUserTask) -> Effect:
        task = self._users.task(call.task_id)
        if task is None:
            raise ToolError(f"There is no task {call.task_id}.")
        if task.status in CLOSED:
            raise ToolError(f"Task {task.id} is {task.status.value} already.")
        person = self._users.get(task.user_id)

        def effect() -> Any:
            changed = self._users.set_status(task.id, TaskStatus.CANCELLED)
            if person:
                text = say("task_cancelled", person.language, id=task.id, title=task.title)
                self._outbox.say(f"task:{task.id}:cancelled", person.id, OutboxKind.NOTICE, text)
            return {"task": _shown(changed, person)}

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
    }


def _shown(task: Task, person: Person | None) -> dict[str, Any]:
    name = short_name(person.name) if person else None
    facts = {**task_facts(task), "user": name, "user_id": task.user_id}
    return {**facts, "comment": Words(name or "?", task.comment)} if task.comment else facts
