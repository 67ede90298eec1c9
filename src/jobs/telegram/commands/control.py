"""Commands that stop, renew, halt and set going again."""

from collections.abc import Callable

from jobs.db import Database
from jobs.spine.aside import take_back
from jobs.spine.model import Choice, Turn
from jobs.spine.switches import Switches
from jobs.spine.turns import Turns
from jobs.telegram.commands.command import Answer, Call
from jobs.texts import say, say_time
from jobs.times import from_text
from jobs.users.model import Person
from jobs.users.notices import lane_label
from jobs.users.repository import UsersRepository
from jobs.users.session_manager import SessionManager
from jobs.users.turn_runner import TurnRunner

LISTED = 20
"""How many of the messages that were about to go out are shown."""
SHOWN_LENGTH = 100
"""How much of each."""
TAKE_BACK = frozenset({"clear", "убрать"})


class Control:
    """`look_again` has lanes, sender and schedules look for what they may begin now."""

    def __init__(
        self,
        db: Database,
        users: UsersRepository,
        sessions: SessionManager,
        runner: TurnRunner,
        turns: Turns,
        switches: Switches,
        look_again: Callable[[], None],
    ) -> None:
        self._db = db
        self._users = users
        self._sessions = sessions
        self._runner = runner
        self._turns = turns
        self._switches = switches
        self._look_again = look_again

    def stop(self, call: Call) -> Answer | None:
        """A turn that is stopped accounts for itself."""
        was_running, dropped = self._runner.stop(call.person.id)
        if was_running:
            return None
        return Answer(say("dropped" if dropped else "nothing_to_stop", call.person.language))

    def new(self, call: Call) -> Answer:
        """The old session's process ends later."""
        language = call.person.language
        if self._runner.is_running(call.person.id):
            return Answer(say("busy_renewing", language), (Choice(say("choice_stop", language), "/stop"),))
        self._sessions.forget(call.person.id)
        return Answer(say("renewed", language))

    def pause(self, call: Call) -> Answer:
        """Other people's turns are not begun any more; one that runs is brought to its end."""
        self._switches.pause()
        return Answer(say("paused", call.person.language), (resume_choice(call.person),))

    def resume(self, call: Call) -> Answer:
        """Whatever was paused or frozen goes on, with what has come since."""
        language = call.person.language
        if not self._switches.resume():
            return Answer(say("nothing_to_resume", language))
        waiting = self._db.value("SELECT count(*) FROM inbox WHERE state IN ('waiting', 'taken')")
        queued = self._db.value("SELECT count(*) FROM outbox WHERE state = 'queued'")
        self._look_again()
        return Answer(say("resumed", language, waiting=waiting, queued=queued))

    # ------------------------------------------------------------------ panic

    def panic(self, call: Call) -> Answer:
        """Freeze first, then stop, then say what was about to happen."""
        language = call.person.language
        if call.words.casefold() in TAKE_BACK and self._switches.frozen:
            taken = take_back(self._db)
            return Answer(say("taken_back", language, n=taken), (resume_choice(call.person),))
        self._switches.freeze()
        stopped = self._runner.stop_all()
        lines = [say("panic", language), *self._stopped(stopped, call.person), *self._queued(call.person)]
        lines += [self._schedules(call.person), "", say("panic_resume", language)]
        choices = (resume_choice(call.person), Choice(say("choice_take_back", language), "/panic clear"))
        return Answer("\n".join(lines), choices)

    def _stopped(self, turns: list[Turn], reader: Person) -> list[str]:
        if not turns:
            return [say("panic_no_turns", reader.language)]
        lines = [say("panic_turns", reader.language)]
        for turn in turns:
            done = ", ".join(dict.fromkeys(self._turns.calls(turn))) or say("none", reader.language)
            lines.append(say("panic_turn", reader.language, name=self._name(turn.lane), done=done))
        return lines

    def _queued(self, reader: Person) -> list[str]:
        rows = self._db.execute("SELECT chat, text FROM outbox WHERE state = 'queued' AND urgent = 0 ORDER BY id")
        if not rows:
            return [say("panic_nothing_queued", reader.language)]
        lines = [say("panic_queued", reader.language, n=len(rows))]
        lines += [f"→ {self._name(row['chat'])}: {short(row['text'])}" for row in rows[:LISTED]]
        if len(rows) > LISTED:
            lines.append(say("panic_more", reader.language, n=len(rows) - LISTED))
        return lines

    def _schedules(self, reader: Person) -> str:
        row = self._db.one(
            "SELECT count(*) AS n, min(due_at) AS next FROM scheduled_tasks WHERE state = 'waiting' AND paused IS NULL"
        )
        if row is None or not row["n"]:
            return say("panic_no_schedules", reader.language)
        due = say_time(from_text(row["next"]), reader.zone, reader.language)
        return say("panic_schedules", reader.language, n=row["n"], next=due)

    def _name(self, person_id: int) -> str:
        if own := lane_label(person_id, self._users.owner().language):
            return own
        person = self._users.get(person_id)
        return short(person.name) if person and person.name else str(person_id)


def resume_choice(reader: Person) -> Choice:
    return Choice(say("choice_resume", reader.language), "/resume")


def short(text: str) -> str:
    """The beginning of a text, on one line."""
    line = " ".join(text.split())
    return line if len(line) <= SHOWN_LENGTH else f"{line[:SHOWN_LENGTH]}…"
