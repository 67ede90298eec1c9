"""What a person who is not the owner may do by command: their reminders, a word to the human, being forgotten."""

import re
from collections.abc import Callable
from datetime import timedelta

from jobs.spine.model import Choice, OutboxKind
from jobs.spine.outbox import Outbox
from jobs.telegram.commands.command import Answer, Call, Command
from jobs.texts import say, say_time
from jobs.times import now
from jobs.users.clearing import Clearing
from jobs.users.forget import Forgetting
from jobs.users.model import Role
from jobs.users.notices import label, quoted
from jobs.users.repository import UsersRepository

MUTED = timedelta(days=1)
"""How long /pause holds reminders back when no number of days is said."""
LONGEST_MUTED = 14
"""Days, at most."""
HUMAN = re.compile(
    r"(?:я\s+)?(?:хочу|позовите|позови|нужен|дайте|соедините\s+с)\s+(?:поговорить\s+с\s+|живо\w+\s+)?человек\w*"
    r"|(?:i\s+(?:want|need)\s+|(?:get|give)\s+me\s+|let\s+me\s+(?:talk|speak)\s+to\s+)(?:to\s+(?:talk|speak)\s+to\s+)?"
    r"(?:a\s+)?(?:real\s+|live\s+)?(?:human|person)(?:\s+being)?",
    re.IGNORECASE,
)
"""Alone in a message these words are /human."""
CONFIRMED = frozenset({"yes", "да"})


class Side:
    """`is_at_work`: whether a turn of somebody's is under way, from when its messages' files are fetched."""

    def __init__(
        self,
        users: UsersRepository,
        outbox: Outbox,
        is_at_work: Callable[[int], bool],
        forgetting: Forgetting,
        clearing: Clearing,
    ) -> None:
        self._users = users
        self._outbox = outbox
        self._is_at_work = is_at_work
        self._forgetting = forgetting
        self._clearing = clearing

    def table(self) -> list[Command]:
        external = Role.EXTERNAL
        return [
            Command("pause", self.pause, ("пауза",), takes_words=True, role=external),
            Command("resume", self.resume, ("продолжить",), role=external),
            Command("human", self.human, ("человек",), takes_words=True, role=external),
            Command("forget", self.forget, ("забыть",), takes_words=True, role=external),
        ]

    def pause(self, call: Call) -> Answer:
        """No reminders for a day, or for so many days."""
        person, word = call.person, call.words.split(maxsplit=1)[0] if call.words else ""
        days = min(int(word), LONGEST_MUTED) if word.isdecimal() and len(word) < 4 else MUTED.days
        until = now() + timedelta(days=max(1, days))
        self._users.mute(person.id, until)
        return Answer(say("muted", person.language, until=say_time(until, person.zone, person.language)))

    def resume(self, call: Call) -> Answer:
        self._users.mute(call.person.id, None)
        return Answer(say("unmuted", call.person.language))

    def human(self, call: Call) -> Answer:
        """The owner is told at once, but not more often than once an hour by the same person."""
        person, owner = call.person, self._users.owner()
        text = say("human_wanted", owner.language, name=label(person))
        if call.words:
            text += "\n" + say("task_comment", owner.language, comment=quoted(call.words[:1500]))
        self._outbox.say(f"human:{person.id}:{now():%Y-%m-%dT%H}", owner.id, OutboxKind.NOTICE, text)
        return Answer(say("human_told", person.language, owner=owner.name))

    def forget(self, call: Call) -> Answer | None:
        """First what is stored is shown; with "yes" it is deleted, and answered once the files are gone too."""
        person, language = call.person, call.person.language
        if self._is_at_work(person.id):
            return Answer(say("forget_busy", language))
        if call.words.casefold().strip(" .!") in CONFIRMED:
            self._forgetting.forget(person)
            self._clearing.begin(person, call.key)
            return None
        stored = self._forgetting.stored(person)
        text = say("forget_shown", language, owner=self._users.owner().name, **stored)
        return Answer(text, (Choice(say("choice_forget", language), "/forget yes"),))
