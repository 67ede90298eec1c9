"""/schedule, /snooze, /done: what is due, what ran and what it cost; and reminders answered in a word or two."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Protocol

from jobs.db import Database, Row
from jobs.telegram.commands.command import Answer, Call, Command
from jobs.telegram.commands.control import short
from jobs.texts import say, say_time
from jobs.texts.moments import is_done, moment_in
from jobs.times import from_text, now, to_text
from jobs.users.model import Person
from jobs.users.notices import label
from jobs.users.repository import UsersRepository

SHOWN = 10
RUNS_SHOWN = 5
SPENT_DAYS = 30


class Schedules(Protocol):
    """What is done with a scheduled task (`tools/schedules.py`)."""

    def get(self, task_id: int) -> Row | None: ...
    def waiting(self) -> list[Row]: ...
    def cancel(self, row: Row) -> None: ...
    def pause(self, row: Row) -> None: ...
    def resume(self, row: Row) -> Row: ...
    def run_now(self, row: Row) -> str: ...
    def snooze(self, row: Row, until: datetime) -> Row: ...
    def acknowledge(self, row: Row) -> None: ...
    def answered(self, occasion: str | None) -> int | None: ...


class ScheduleCommands:
    def __init__(self, db: Database, users: UsersRepository, schedules: Schedules) -> None:
        self._db = db
        self._users = users
        self._schedules = schedules

    def table(self) -> list[Command]:
        return [
            Command("schedule", self.run, ("расписание",), takes_words=True),
            Command("snooze", self.snooze, ("отложить",), takes_words=True, is_listed=False),
            Command("done", self.done, ("готово",), takes_words=True, is_listed=False),
        ]

    def meant(self, text: str, occasion: str | None, person: Person) -> str | None:
        """The command that a few words are, as the answer to a reminder; None when they are for the session.

        `occasion`: that of the message they reply to.
        """
        is_over = is_done(text)
        if not is_over and (len(text) > 60 or moment_in(text, now(), person.zone) is None):
            return None
        task_id = self._schedules.answered(occasion)
        if task_id is None:
            return None
        return f"/done {task_id}" if is_over else f"/snooze {task_id} {text}"

    # -------------------------------------------------------------- reminders

    def snooze(self, call: Call) -> Answer:
        row, words = self._one(call.words)
        language = call.person.language
        if row is None:
            return Answer(say("schedule_unknown", language))
        until = moment_in(words, now(), call.person.zone)
        if until is None:
            return Answer(say("snooze_when", language, id=row["id"]))
        moved = self._schedules.snooze(row, until)
        return Answer(say("snoozed", language, when=_when(moved["due_at"], call.person), text=short(row["text"])))

    def done(self, call: Call) -> Answer:
        row, _ = self._one(call.words)
        if row is None:
            return Answer(say("schedule_unknown", call.person.language))
        self._schedules.acknowledge(row)
        return Answer(say("acknowledged", call.person.language, text=short(row["text"])))

    # --------------------------------------------------------------- /schedule

    def run(self, call: Call) -> Answer:
        if not call.words:
            return Answer(self._overview(call.person))
        word, _, rest = call.words.partition(" ")
        step = self._steps().get(word.casefold())
        row, _ = self._one(rest if step else call.words)
        if row is None:
            return Answer(say("schedule_unknown", call.person.language))
        return Answer(step(row, call.person) if step else self._details(row, call.person))

    def _steps(self) -> dict[str, Callable[[Row, Person], str]]:
        return {
            **dict.fromkeys(("pause", "пауза"), self._pause),
            **dict.fromkeys(("resume", "allow", "продолжить", "разрешить"), self._resume),
            **dict.fromkeys(("cancel", "отменить"), self._cancel),
            **dict.fromkeys(("run", "выполнить"), self._run_now),
        }

    def _pause(self, row: Row, reader: Person) -> str:
        if row["state"] != "waiting":
            return say("schedule_not_so", reader.language, id=row["id"])
        self._schedules.pause(row)
        return say("schedule_paused_now", reader.language, id=row["id"])

    def _resume(self, row: Row, reader: Person) -> str:
        if row["state"] != "waiting":
            return say("schedule_not_so", reader.language, id=row["id"])
        due = self._schedules.resume(row)["due_at"]
        return say("schedule_resumed", reader.language, id=row["id"], when=_when(due, reader))

    def _cancel(self, row: Row, reader: Person) -> str:
        self._schedules.cancel(row)
        return say("schedule_cancelled", reader.language, id=row["id"])

    def _run_now(self, row: Row, reader: Person) -> str:
        if row["state"] == "cancelled":
            return say("schedule_not_so", reader.language, id=row["id"])
        outcome = say(f"outcome_{self._schedules.run_now(row)}", reader.language)
        return say("schedule_run_now", reader.language, id=row["id"], outcome=outcome)

    # ---------------------------------------------------------------- reports

    def _overview(self, reader: Person) -> str:
        language, rows = reader.language, self._schedules.waiting()
        coming = [row for row in rows if row["paused"] is None]
        stopped = [row for row in rows if row["paused"] is not None]
        parts = []
        if coming:
            parts.append(_listed(say("schedule_next", language), [_line(row, reader) for row in coming], reader))
        if stopped:
            head = say("schedule_stopped_head", language)
            parts.append(_listed(head, [_stopped_line(row, reader) for row in stopped], reader))
        if runs := self._last_runs(reader):
            parts.append(_listed(say("schedule_ran", language), runs, reader))
        if not parts:
            return say("schedule_none", language)
        return "\n\n".join([*parts, self._spent(reader), say("schedule_how", language)])

    def _last_runs(self, reader: Person) -> list[str]:
        rows = self._db.execute(
            """SELECT schedule_runs.*, text FROM schedule_runs JOIN scheduled_tasks ON id = task_id
               ORDER BY ran_at DESC LIMIT ?""",
            (RUNS_SHOWN,),
        )
        return [_run_line(row, reader) for row in rows]

    def _spent(self, reader: Person) -> str:
        row = self._db.one(
            """SELECT count(*) AS runs, coalesce(sum(input_tokens + output_tokens), 0) AS tokens,
                      coalesce(sum(cost_usd), 0.0) AS cost
               FROM schedule_runs WHERE turn_id IS NOT NULL AND ran_at >= ?""",
            (to_text(now() - timedelta(days=SPENT_DAYS)),),
        )
        return say("schedule_spent", reader.language, days=SPENT_DAYS, **(row or {}))

    def _details(self, row: Row, reader: Person) -> str:
        language = reader.language
        target = self._users.get(row["target"]) if row["target"] is not None else None
        lines = [say("schedule_details", language, id=row["id"], text=row["text"])]
        if row["state"] == "waiting":
            lines.append(_stopped_line(row, reader) if row["paused"] else _when(row["due_at"], reader))
        if row["rule"]:
            lines.append(say("schedule_rule", language, rule=row["rule"], zone=row["zone"]))
        if target:
            lines.append(say("schedule_to", language, name=label(target)))
        if row["session"] == "isolated":
            lines.append(say("schedule_session", language))
        if row["check_command"]:
            lines.append(say("schedule_check", language, when=row["check_when"], command=row["check_command"]))
        runs = self._db.execute(
            """SELECT schedule_runs.*, result AS text FROM schedule_runs WHERE task_id = ?
               ORDER BY ran_at DESC LIMIT ?""",
            (row["id"], SHOWN),
        )
        if runs:
            lines += ["", _listed(say("schedule_ran", language), [_run_line(run, reader) for run in runs], reader)]
        return "\n".join(lines)

    def _one(self, words: str) -> tuple[Row | None, str]:
        """The task that a number at the beginning names, and the words after it."""
        number, _, rest = words.strip().lstrip("#№").partition(" ")
        is_number = number.isascii() and number.isdecimal() and len(number) < 10
        return (self._schedules.get(int(number)) if is_number else None), rest.strip()


def _listed(head: str, lines: list[str], reader: Person) -> str:
    more = [say("schedule_more", reader.language, n=len(lines) - SHOWN)] if len(lines) > SHOWN else []
    return "\n".join([head, *lines[:SHOWN], *more])


def _line(row: Row, reader: Person) -> str:
    again = say("schedule_line_again", reader.language) if row["rule"] else ""
    when = _when(row["due_at"], reader)
    return say("schedule_line", reader.language, id=row["id"], when=when, again=again, text=short(row["text"]))


def _stopped_line(row: Row, reader: Person) -> str:
    why = say(f"paused_{row['paused']}", reader.language, failure=short(row["failure"] or ""))
    return say("schedule_stopped_line", reader.language, id=row["id"], why=why, text=short(row["text"]))


def _run_line(run: Row, reader: Person) -> str:
    tokens = run["input_tokens"] + run["output_tokens"]
    cost = ""
    if run["turn_id"] is not None:
        cost = say(
            "schedule_run_cost", reader.language, tokens=tokens, cost=run["cost_usd"], seconds=run["seconds"] or 0.0
        )
    return say(
        "schedule_run_line",
        reader.language,
        id=run["task_id"],
        when=_when(run["ran_at"], reader),
        outcome=say(f"outcome_{run['outcome']}", reader.language),
        cost=cost,
        text=short(run["text"]),
    )


def _when(moment: str, reader: Person) -> str:
    return say_time(from_text(moment), reader.zone, reader.language)
