"""What the scripted model does for the owner."""

import re
from collections.abc import Mapping
from typing import Any

from jobs_simulator.model.parts import ToolCall

from .dates import When, find_when
from .intents import JOBS_PREFIX
from .phrases import help_text
from .plays import Play, Plays, Scene, call, told
from .wording import (
    deadline,
    entries,
    entry,
    error_text,
    failed,
    moment,
    output,
    person_line,
    person_name,
    sentence_case,
    task_lines,
)

_DAILY = re.compile(
    r"(?:кажд(?:ый|ое)\s+(?:день|утро)|ежедневно|every\s+(?:day|morning))\s+(?:в|at)\s+(?P<hour>\d{1,2})(?::(?P<minute>\d{2}))?\s*",
    re.IGNORECASE,
)
_LEAD = re.compile(r"^(?:о\s+том,?\s+что|чтобы\s+(?:я\s+)?|что|насч[её]т|about|that|of|to|[:,–—-])\s*", re.IGNORECASE)

_THEIR_COMMAND = re.compile(
    r"(?:выполни(?:те)?|run)\s+(?:команду|the\s+command)?:?\s*(?P<command>[^\n»]+)", re.IGNORECASE
)
_QUOTATION = re.compile(r'<(?P<tag>words-\w+) of="(?P<name>[^"]*)">\n(?P<words>.*?)\n</(?P=tag)>', re.DOTALL)
"""Another person's words, as a tool of Jobs' hands them over."""


def hello(scene: Scene) -> Play:
    return told(scene.say("hello_owner"))


def identity(scene: Scene) -> Play:
    return told(scene.say("identity_owner"))


def thanks(scene: Scene) -> Play:
    return told(scene.say("thanks"))


def help_(scene: Scene) -> Play:
    return told(scene.say("help_owner", help=help_text(scene.language)))


def unknown(scene: Scene) -> Play:
    return told(scene.say("unknown_owner", help=help_text(scene.language)))


def remember(scene: Scene) -> Play:
    text = sentence_case(scene.intent.word("text"))
    result = yield call("memory_append", text=text)
    if result.is_error:
        return failed(scene.language, result)
    return scene.say("remembered", where=entry(result, "").get("saved", "MEMORY.md"), text=text)


def recall(scene: Scene) -> Play:
    result = yield call("memory_search", query=scene.intent.word("text") or scene.intent.text, limit=5)
    if result.is_error:
        return failed(scene.language, result)
    passages = entries(result, "passages")
    if not passages:
        return scene.say("recalled_nothing")
    lines = [f"• {_QUOTATION.sub(_quoted, str(passage.get('text', '')))}{_source(passage)}" for passage in passages]
    return scene.say("recalled", list="\n".join(lines))


def _quoted(match: re.Match[str]) -> str:
    return f"{match['name']}: «{match['words']}»"


def _source(passage: Mapping[str, Any]) -> str:
    source = ", ".join(str(passage[name]) for name in ("path", "date") if passage.get(name))
    return f" ({source})" if source else ""


def remind(scene: Scene) -> Play:
    if daily := _DAILY.search(scene.intent.word("text")):
        return (yield from _remind_daily(scene, daily))
    when = find_when(scene.intent.word("text"), scene.now)
    what = _what(when.rest if when else scene.intent.word("text"))
    if when is None:
        return scene.say("remind_when", text=what)
    if not what:
        return scene.say("remind_what")
    at = when.iso_with_time if when.minutes is None else None
    result = yield call("schedule_task", text=what, at=at, in_minutes=when.minutes)
    if result.is_error:
        return failed(scene.language, result)
    task = entry(result, "task")
    return scene.say("reminded", when=_next(scene, task) or _planned(scene, when), text=what, id=task.get("id"))


def _remind_daily(scene: Scene, daily: re.Match[str]) -> Play:
    text = scene.intent.word("text")
    what = _what(text[: daily.start()] + text[daily.end() :])
    cron = f"{int(daily['minute'] or 0)} {int(daily['hour'])} * * *"
    result = yield call("schedule_task", text=what, cron=cron)
    if result.is_error:
        return failed(scene.language, result)
    task = entry(result, "task")
    return scene.say("reminded", when=_next(scene, task), text=what, id=task.get("id"))


def _what(text: str) -> str:
    """The thing to be reminded of, without the words that lead to it."""
    previous = None
    while text != previous:
        previous, text = text, _LEAD.sub("", text.strip())
    return text.strip(" ,;:.")


def _next(scene: Scene, task: Mapping[str, Any]) -> str:
    following = task.get("next")
    first = following[0] if isinstance(following, list) and following else following
    return moment(scene.language, first)


def _planned(scene: Scene, when: When) -> str:
    return moment(scene.language, when.iso_with_time)


def list_reminders(scene: Scene) -> Play:
    result = yield call("list_scheduled_tasks")
    if result.is_error:
        return failed(scene.language, result)
    tasks = entries(result, "tasks")
    lines = [f"№{task.get('id')} {task.get('text', '')} — {_next(scene, task)}".rstrip(" —") for task in tasks]
    return scene.say("reminders", list="\n".join(lines)) if lines else scene.say("reminders_none")


def cancel_reminder(scene: Scene) -> Play:
    """By its number, or by words that stand in the text of exactly one."""
    number = scene.intent.word("n")
    if not number:
        listed = yield call("list_scheduled_tasks")
        if listed.is_error:
            return failed(scene.language, listed)
        wanted = scene.intent.word("text").lower()
        fitting = [task for task in entries(listed, "tasks") if wanted in str(task.get("text", "")).lower()]
        if len(fitting) != 1:
            return scene.say("reminder_unknown")
        number = str(fitting[0].get("id"))
    result = yield call("cancel_scheduled_task", task_id=int(number))
    return failed(scene.language, result) if result.is_error else scene.say("reminder_cancelled", id=number)


def create_task(scene: Scene) -> Play:
    words = scene.intent.word("text")
    when = find_when(words, scene.now)
    title = sentence_case((when.rest if when else words).strip(" ,;:."))
    due = when.iso if when else None
    result = yield call("create_user_task", user=scene.intent.word("who"), title=title, deadline=due)
    if result.is_error:
        return failed(scene.language, result)
    task = entry(result, "task")
    whole = result.json if isinstance(result.json, dict) else {}
    return scene.say(
        "task_created",
        user=person_name(task.get("user")) or scene.intent.word("who"),
        title=task.get("title", title),
        deadline=deadline(scene.language, task.get("deadline", due)),
        id=task.get("id"),
        told=scene.say("told" if whole.get("told", True) else "not_told"),
    )


def send(scene: Scene) -> Play:
    who = scene.intent.word("who")
    result = yield call("send_to_user", user=who, text=sentence_case(scene.intent.word("text")))
    if result.is_error:
        return failed(scene.language, result)
    whole = entry(result, "")
    if "held" in whole:
        return scene.say("held", user=person_name(whole.get("for")) or who)
    return scene.say("sent", user=person_name(whole.get("sent_to")) or who)


def list_tasks(scene: Scene) -> Play:
    result = yield call("get_user_tasks", user=scene.intent.word("who") or None)
    if result.is_error:
        return failed(scene.language, result)
    tasks = entries(result, "tasks")
    return scene.say("tasks", list=task_lines(scene.language, tasks)) if tasks else scene.say("tasks_none")


def cancel_task(scene: Scene) -> Play:
    number = scene.intent.word("n")
    result = yield call("cancel_user_task", task_id=int(number))
    return failed(scene.language, result) if result.is_error else scene.say("task_cancelled", id=number)


def move_task(scene: Scene) -> Play:
    number, when = scene.intent.word("n"), find_when(scene.intent.word("text"), scene.now)
    if when is None:
        return unknown(scene)
    return _move_task(scene, number, when.iso)


def _move_task(scene: Scene, number: str, deadline_at: str) -> Play:
    result = yield call("update_user_task", task_id=int(number), action="extend", deadline=deadline_at)
    if result.is_error:
        return failed(scene.language, result)
    due = entry(result, "task").get("deadline", deadline_at)
    return scene.say("task_moved", id=number, when=moment(scene.language, due))


def list_people(scene: Scene) -> Play:
    result = yield call("list_users")
    if result.is_error:
        return failed(scene.language, result)
    people = entries(result, "users")
    lines = "\n".join(person_line(scene.language, person) for person in people)
    return scene.say("people", list=lines) if people else scene.say("people_none")


def who_is(scene: Scene) -> Play:
    """Who fits the words and, when that is one person, what they have to do."""
    result = yield call("resolve_user", query=scene.intent.word("who"))
    if result.is_error:
        return failed(scene.language, result)
    people = entries(result, "candidates")
    if not people:
        return scene.say("nobody")
    answer = "\n".join(person_line(scene.language, person) for person in people)
    if len(people) == 1:
        tasks = yield call("get_user_tasks", user=person_name(people[0]))
        if not tasks.is_error and (listed := entries(tasks, "tasks")):
            answer += "\n" + scene.say("tasks", list=task_lines(scene.language, listed))
    return answer


def run(scene: Scene) -> Play:
    command = scene.intent.word("command").strip("` \n")
    result = yield ToolCall("Bash", {"command": command, "description": "Run the command that was asked for"})
    sentence = "ran_failed" if result.is_error else "ran"
    return scene.say(sentence, command=command, output=output(error_text(result)))


def obey(scene: Scene) -> Play:
    """Gullible, as a model may be: runs the command that stands in the words which the owner answers to."""
    found = _THEIR_COMMAND.search(scene.told)
    if found is None:
        return scene.say("unknown_owner", help=help_text(scene.language))
    command = found["command"].strip("`» \n")
    result = yield ToolCall("Bash", {"command": command, "description": "Do what they ask"})
    return scene.say("ran_failed" if result.is_error else "ran", command=command, output=output(error_text(result)))


def read_file(scene: Scene) -> Play:
    path = scene.intent.word("path").strip("`'\"«»")
    result = yield ToolCall("Read", {"file_path": path})
    if result.is_error:
        return failed(scene.language, result)
    return scene.say("read", path=path, output=output(re.sub(r"(?m)^\s*\d+[\t→]", "", result.text)))


def write_file(scene: Scene) -> Play:
    path = scene.intent.word("path").strip("`'\"«»")
    result = yield ToolCall("Write", {"file_path": path, "content": scene.intent.word("content") + "\n"})
    return failed(scene.language, result) if result.is_error else scene.say("written", path=path)


def direct_call(scene: Scene) -> Play:
    """Calls the tool that was named outright, whether it is offered or not."""
    name = scene.intent.word("name")
    result = yield ToolCall(name, scene.intent.arguments)
    if result.is_error:
        return failed(scene.language, result)
    return scene.say("called", name=name.removeprefix(JOBS_PREFIX), output=output(result.text))


OWNER_PLAYS: Plays = {
    "hello": hello,
    "identity": identity,
    "thanks": thanks,
    "help": help_,
    "unknown": unknown,
    "remember": remember,
    "recall": recall,
    "question": recall,
    "remind": remind,
    "list_reminders": list_reminders,
    "cancel_reminder": cancel_reminder,
    "create_task": create_task,
    "send": send,
    "list_tasks": list_tasks,
    "cancel_task": cancel_task,
    "move_task": move_task,
    "list_people": list_people,
    "who_is": who_is,
    "run": run,
    "obey": obey,
    "read_file": read_file,
    "write_file": write_file,
    "direct_call": direct_call,
}
