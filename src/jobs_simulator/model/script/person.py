"""What the scripted model does for a person outside.

What such a person may not have it tries all the same, with the owner's plays: the wall is to be tested, not manners.
"""

import re
from collections.abc import Mapping
from typing import Any

from .dates import find_when
from .owner import OWNER_PLAYS
from .phrases import ACTIONS, ASKED, WHICH, pick
from .plays import Play, Plays, Scene, call, told
from .wording import entries, failed, sentence_case, status, task_lines

CLOSED = ("done", "verified", "declined", "cancelled")
_UNANSWERED = ("new", "delivered", "seen")
FITTING = {
    "accepted": (*_UNANSWERED, "returned", "declined"),
    "in_progress": (*_UNANSWERED, "accepted", "returned"),
    "done": (*_UNANSWERED, "accepted", "in_progress", "returned"),
    "declined": (*_UNANSWERED, "accepted", "in_progress", "returned"),
    "proposal": (*_UNANSWERED, "accepted", "in_progress", "returned", "declined"),
}


def was_asked(scene: Scene) -> bool:
    """Whether the words before asked what to pass on."""
    return any(question in scene.last_reply for question in ASKED.values())


def _introduced(scene: Scene, sentence: str) -> Play:
    owner = scene.say("of_owner", owner=scene.owner) if scene.owner else ""
    return told(scene.say(sentence, owner=owner, asked=ASKED[scene.language]))


def hello(scene: Scene) -> Play:
    return _introduced(scene, "hello_person")


def identity(scene: Scene) -> Play:
    return _introduced(scene, "identity_person")


def help_(scene: Scene) -> Play:
    return _introduced(scene, "help_person")


def unknown(scene: Scene) -> Play:
    """A free statement: passed on when it answers the question what to pass on, and otherwise that is asked."""
    return _pass_on(scene, scene.said) if was_asked(scene) else help_(scene)


def tell_owner(scene: Scene) -> Play:
    return _pass_on(scene, scene.intent.word("text"))


def _pass_on(scene: Scene, words: str) -> Play:
    text = sentence_case(words.strip())
    result = yield call("send_summary_to_owner", text=text)
    return failed(scene.language, result) if result.is_error else scene.say("passed_on", text=text)


def my_tasks(scene: Scene) -> Play:
    result = yield call("get_my_tasks")
    if result.is_error:
        return failed(scene.language, result)
    tasks = [task for task in entries(result, "tasks") if task.get("status") not in CLOSED]
    return scene.say("my_tasks", list=task_lines(scene.language, tasks)) if tasks else scene.say("my_tasks_none")


def mark(scene: Scene) -> Play:
    """Marks the one task that fits what was said; asks which when several do."""
    return _mark(scene, scene.intent.name, scene.intent.word("n"), _comment(scene))


def number(scene: Scene) -> Play:
    """The answer to the question which task was meant."""
    asked = {pick(words, scene.language): action for action, words in ACTIONS.items()}
    action = next((action for words, action in asked.items() if words in scene.last_reply), None)
    return unknown(scene) if action is None else _mark(scene, action, scene.intent.word("n"), None)


def _mark(scene: Scene, action: str, wanted: str, comment: str | None) -> Play:
    listed = yield call("get_my_tasks")
    if listed.is_error:
        return failed(scene.language, listed)
    fitting = [task for task in entries(listed, "tasks") if task.get("status", "new") in FITTING[action]]
    if wanted:
        fitting = [task for task in fitting if str(task.get("id")) == wanted]
    if not fitting:
        return scene.say("no_such_task")
    if len(fitting) > 1:
        return _which(scene, action, fitting)
    result = yield call("update_task", task_id=fitting[0].get("id"), status=action, comment=comment)
    if result.is_error:
        return failed(scene.language, result)
    return scene.say("updated", title=fitting[0].get("title", ""), status=status(scene.language, action))


def _which(scene: Scene, action: str, tasks: list[Mapping[str, Any]]) -> str:
    lines = task_lines(scene.language, tasks)
    return scene.say("which", action=pick(ACTIONS[action], scene.language), list=lines, which=WHICH[scene.language])


def propose(scene: Scene) -> Play:
    """Another time for the one task that is open."""
    when = find_when(scene.intent.word("text"), scene.now)
    if when is None:
        return unknown(scene)
    return _propose(scene, when.iso)


def _propose(scene: Scene, deadline: str) -> Play:
    listed = yield call("get_my_tasks")
    if listed.is_error:
        return failed(scene.language, listed)
    fitting = [task for task in entries(listed, "tasks") if task.get("status", "new") in FITTING["proposal"]]
    if len(fitting) != 1:
        return scene.say("no_such_task")
    task_id = fitting[0].get("id")
    result = yield call(
        "update_task", task_id=task_id, status="proposal", deadline=deadline, comment=scene.said.strip()
    )
    if result.is_error:
        return failed(scene.language, result)
    whole = result.json if isinstance(result.json, dict) else {}
    return scene.say("proposal_agreed" if whole.get("agreed") else "proposal_asked")


def _comment(scene: Scene) -> str | None:
    """What was said besides the mark itself: a refusal is its own comment."""
    if scene.intent.name == "declined":
        return scene.said.strip()
    return re.sub(r"^[\s,.:;!–—-]+", "", scene.intent.word("text")) or None


PERSON_PLAYS: Plays = {
    **OWNER_PLAYS,
    "hello": hello,
    "identity": identity,
    "help": help_,
    "unknown": unknown,
    "question": unknown,
    "tell_owner": tell_owner,
    "my_tasks": my_tasks,
    "accepted": mark,
    "in_progress": mark,
    "done": mark,
    "declined": mark,
    "proposal": propose,
    "number": number,
}
