"""The owner's tools about tasks given to other people."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, Field

from jobs.spine.tool import Effect, NoArguments, Tool, ToolError, Words
from jobs.times import local_iso, now, parse_local
from jobs.users.model import Task, TaskEvent, TaskKind, TaskStatus
from jobs.users.notices import task_facts
from jobs.users.people import PeopleFinder
from jobs.users.quotations import short_name
from jobs.users.task_states import Actor, WrongMove, check_move
from jobs.users.tasks import Given, NoSuchTask, Tasks, Wanted
from jobs.users.terms import Bounds
from jobs.users.tools_owner import USER

T = TypeVar("T")

NextStep = Callable[[Task], datetime | None]
"""When the ladder speaks of a task next; None when it does not."""

LOCAL = "Local time of the owner, ISO 8601: 2026-11-25T18:00"
DEADLINE = Field(None, description=f"{LOCAL}, or a date alone")


class BoundsGiven(BaseModel):
    earliest: str | None = Field(None, description=f"A deadline they propose may be moved back to this. {LOCAL}")
    latest: str | None = Field(None, description=f"… and up to this. {LOCAL}, or a date alone")
    price_from: float | None = None
    price_to: float | None = None
    minutes_from: int | None = Field(None, gt=0, description="Length in minutes, at least")
    minutes_to: int | None = Field(None, gt=0, description="Length in minutes, at most")
    slots: list[str] = Field([], max_length=20, description=f"For a meeting: when it may begin. {LOCAL}")


BOUNDS = Field(
    None,
    description="Inside these the person's proposal is accepted at once, outside the owner is asked. Only what the "
    "owner said. The person is not told them; of a meeting they are told the slots.",
)


class CreateUserTask(BaseModel):
    user: str = USER
    title: str = Field(min_length=1, max_length=200, description="What is asked, in the person's language, in one line")
    details: str = Field("", max_length=3000, description="Anything more that they need to know")
    deadline: str | None = DEADLINE
    kind: TaskKind = Field(TaskKind.TASK, description="Something to do, a question to answer, or a meeting to agree on")
    bounds: BoundsGiven | None = BOUNDS


class GetUserTasks(BaseModel):
    user: str | None = Field(None, description="Only this person's; leave out for everyone's")
    status: TaskStatus | None = Field(None, description="Only this status; leave out for all that are open")
    task_id: int | None = Field(None, description="Only this one, with its whole history")


class UpdateUserTask(BaseModel):
    task_id: int
    action: Literal["change", "extend", "reassign", "cancel", "verify", "return", "answer", "agree", "refuse"] = Field(
        description="change: title, details or bounds; extend: another deadline (a declined task is asked anew); "
        "reassign: to another user; cancel; verify: it is done indeed; return: it is not, comment says why; "
        "answer: comment answers their question; agree, refuse: what they proposed"
    )
    comment: str = Field("", max_length=1500, description="The owner's words to them about it, in their language")
    user: str | None = Field(None, description="For reassign: who takes it over")
    title: str | None = Field(None, min_length=1, max_length=200)
    details: str | None = Field(None, max_length=3000)
    deadline: str | None = DEADLINE
    bounds: BoundsGiven | None = BOUNDS


class CancelUserTask(BaseModel):
    task_id: int


class OwnerTaskTools:
    def __init__(self, tasks: Tasks, people: PeopleFinder, next_step: NextStep = lambda _task: None) -> None:
        self._tasks = tasks
        self._users = tasks.users
        self._people = people
        self._next_step = next_step
        self._decisions: dict[str, Callable[[Task, str], Task]] = {
            "cancel": tasks.cancel,
            "verify": tasks.verify,
            "return": tasks.send_back,
            "answer": tasks.answer,
            "agree": tasks.agree,
            "refuse": tasks.refuse,
        }

    def tools(self) -> list[Tool[Any]]:
        return [
            Tool(
                "create_user_task",
                "Ask another person to do something, to answer a question or to meet. They are told at once, in their "
                "language, with the deadline, and reminded of it by code; the owner hears of every answer. To somebody "
                "who never wrote, it goes out only after the owner has confirmed the text, which code asks for.",
                CreateUserTask,
                self.create_user_task,
                has_effect=True,
            ),
            Tool(
                "get_user_tasks",
                "Tasks given to other people: who owes what and until when, and when they are reminded next.",
                GetUserTasks,
                self.get_user_tasks,
            ),
            Tool(
                "update_user_task",
                "Change a task given to a person, or decide about it; the person is told.",
                UpdateUserTask,
                self.update_user_task,
                has_effect=True,
            ),
            Tool(
                "cancel_user_task",
                "Take a task back; the person is told.",
                CancelUserTask,
                self.cancel_user_task,
                has_effect=True,
            ),
            Tool("get_overdue_tasks", "Tasks whose deadline has passed.", NoArguments, self.get_overdue_tasks),
        ]

    async def create_user_task(self, call: CreateUserTask) -> Effect:
        person = await self._people.one(call.user)
        bounds = self._bounds(call.bounds) or Bounds()
        wanted = Wanted(call.title, call.details, self._moment(call.deadline, "deadline"), call.kind, bounds)
        return lambda: self._given(self._tasks.give(person, wanted))

    async def get_user_tasks(self, call: GetUserTasks) -> Any:
        if call.task_id is not None:
            task = self._task(call.task_id)
            return {"tasks": [{**self._shown(task), "history": list(map(self._event, self._users.history(task.id)))}]}
        user_id = (await self._people.one(call.user)).id if call.user else None
        return {"tasks": list(map(self._shown, self._users.tasks(user_id, call.status)))}

    async def get_overdue_tasks(self, _: NoArguments) -> Any:
        return {"tasks": list(map(self._shown, self._users.overdue(now())))}

    async def cancel_user_task(self, call: CancelUserTask) -> Effect:
        task = self._task(call.task_id)
        _told(lambda: check_move(Actor.OWNER, task.id, task.status, TaskStatus.CANCELLED))
        return lambda: {"task": self._shown(_told(lambda: self._tasks.cancel(task)))}

    async def update_user_task(self, call: UpdateUserTask) -> Effect:
        self._task(call.task_id)
        bounds, deadline = self._bounds(call.bounds), self._moment(call.deadline, "deadline")
        if call.action == "extend" and deadline is None:
            raise ToolError("Say which deadline it has from now on.")
        if call.action == "reassign" and not call.user:
            raise ToolError("Say who takes it over.")
        person = await self._people.one(call.user) if call.user and call.action == "reassign" else None
        words, tasks = call.comment, self._tasks

        def effect() -> Any:
            task = self._task(call.task_id)
            match call.action:
                case "change" | "extend":
                    return self._given(
                        tasks.change(
                            task, title=call.title, details=call.details, deadline=deadline, bounds=bounds, words=words
                        )
                    )
                case "reassign":
                    assert person is not None
                    return self._given(tasks.reassign(task, person, words))
                case action:
                    return {"task": self._shown(self._decisions[action](task, words))}

        return lambda: _told(effect)

    # ------------------------------------------------------------------- helpers

    def _given(self, given: Given) -> Any:
        result = {"task": self._shown(given.task), "told": given.held is None}
        if given.held is None:
            return result
        return {
            **result,
            "held": given.held,
            "why": "They never wrote. The owner was shown the text and asked to say yes.",
        }

    def _task(self, task_id: int) -> Task:
        return _told(lambda: self._tasks.get(task_id))

    def _moment(self, text: str | None, what: str) -> datetime | None:
        try:
            return parse_local(text, self._users.owner().zone) if text else None
        except ValueError as error:
            raise ToolError(f"The {what}: {error}.") from None

    def _bounds(self, given: BoundsGiven | None) -> Bounds | None:
        if given is None:
            return None
        slots = sorted({slot for text in given.slots if (slot := self._moment(text, "slots"))})
        if slots and slots[0] <= now():
            raise ToolError("A slot has passed already.")
        return Bounds(
            earliest=self._moment(given.earliest, "bounds"),
            latest=self._moment(given.latest, "bounds"),
            price_from=given.price_from,
            price_to=given.price_to,
            minutes_from=given.minutes_from,
            minutes_to=given.minutes_to,
            slots=tuple(slots),
        )

    def _shown(self, task: Task) -> dict[str, Any]:
        """With what only the owner may know."""
        person = self._users.get(task.user_id)
        name = short_name(person.name) if person else "?"
        facts = {**task_facts(task), "user": name, "user_id": task.user_id}
        if task.comment:
            facts["comment"] = Words(name, task.comment)
        if bounds := task.bounds.model_dump(mode="json", exclude_defaults=True, exclude={"slots"}):
            facts["bounds"] = bounds
        if proofs := self._users.proofs(task.id):
            facts["proofs"] = [Words(name, proof.path) for proof in proofs]
        if step := self._next_step(task):
            facts["next_reminder"] = local_iso(step, self._users.owner().zone)
        return facts

    def _event(self, event: TaskEvent) -> dict[str, Any]:
        shown = {
            "at": local_iso(event.at, self._users.owner().zone),
            "who": event.actor,
            "change": event.change,
            "was": event.was,
            # A file of theirs has a name that they gave it.
            "becomes": Words("this person", event.becomes)
            if event.becomes and event.change == "proof"
            else event.becomes,
            "words": Words("this person", event.words) if event.words and event.actor == Actor.PERSON else event.words,
        }
        return {name: value for name, value in shown.items() if value}


def _told(step: Callable[[], T]) -> T:
    """Run a step of a task's life; what cannot be done is told to the session."""
    try:
        return step()
    except (WrongMove, NoSuchTask) as error:
        raise ToolError(str(error)) from None
