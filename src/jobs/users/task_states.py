"""Which status a task may go to from which, and by whose hand: data, and the one place that is asked."""

from enum import StrEnum

from jobs.users.model import TaskStatus

S = TaskStatus


class Actor(StrEnum):
    OWNER = "owner"
    PERSON = "person"
    """Whose task it is."""
    CODE = "code"
    """What Telegram reports: sent, read."""


class WrongMove(Exception):
    """The message is one sentence for whoever asked: what the task is now, and what it may become."""


UNANSWERED = frozenset({S.NEW, S.DELIVERED, S.SEEN})
"""The person has said nothing yet."""
OWED = UNANSWERED | {S.ACCEPTED, S.IN_PROGRESS, S.RETURNED}
"""The person is expected to do something."""

_BY_PERSON: dict[TaskStatus, frozenset[TaskStatus]] = {
    **dict.fromkeys(UNANSWERED, frozenset({S.ACCEPTED, S.IN_PROGRESS, S.DONE, S.DECLINED})),
    S.ACCEPTED: frozenset({S.IN_PROGRESS, S.DONE, S.DECLINED}),
    S.IN_PROGRESS: frozenset({S.ACCEPTED, S.DONE, S.DECLINED}),
    S.RETURNED: frozenset({S.ACCEPTED, S.IN_PROGRESS, S.DONE, S.DECLINED}),
    S.DONE: frozenset({S.IN_PROGRESS}),
    S.DECLINED: frozenset({S.ACCEPTED, S.IN_PROGRESS, S.DONE}),
}
_BY_OWNER: dict[TaskStatus, frozenset[TaskStatus]] = {
    # "new" again: it was handed to another person, or asked anew on other terms.
    **dict.fromkeys(OWED, frozenset({S.NEW, S.VERIFIED, S.CANCELLED, S.ACCEPTED})),
    S.DONE: frozenset({S.NEW, S.VERIFIED, S.RETURNED, S.CANCELLED}),
    S.DECLINED: frozenset({S.NEW, S.CANCELLED, S.ACCEPTED}),
    S.VERIFIED: frozenset({S.RETURNED}),
}
_BY_CODE: dict[TaskStatus, frozenset[TaskStatus]] = {
    S.NEW: frozenset({S.DELIVERED, S.SEEN}),
    S.DELIVERED: frozenset({S.SEEN}),
}

MOVES: dict[Actor, dict[TaskStatus, frozenset[TaskStatus]]] = {
    Actor.OWNER: _BY_OWNER,
    Actor.PERSON: _BY_PERSON,
    Actor.CODE: _BY_CODE,
}


def may_move(actor: Actor, was: TaskStatus, becomes: TaskStatus) -> bool:
    return becomes in MOVES[actor].get(was, frozenset())


def check_move(actor: Actor, task_id: int, was: TaskStatus, becomes: TaskStatus) -> None:
    """Raises WrongMove."""
    if may_move(actor, was, becomes):
        return
    if was is S.CANCELLED and actor is Actor.PERSON:
        raise WrongMove(f"Task {task_id} was taken back and can no longer change.")
    if was is becomes:
        raise WrongMove(f"Task {task_id} is {was.value} already.")
    ways = ", ".join(sorted(status.value for status in MOVES[actor].get(was, ()))) or "nothing else"
    raise WrongMove(f"Task {task_id} is {was.value} and cannot become {becomes.value}; from here it may become {ways}.")
