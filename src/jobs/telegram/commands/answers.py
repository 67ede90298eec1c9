"""/yes and /no: the owner's answer to what their session asks before it acts on other people's words."""

from jobs.telegram.commands.command import Answer, Call
from jobs.texts import say
from jobs.users.consent import Consent, Outcome

ALL = frozenset({"all", "всё", "все"})


class Answers:
    def __init__(self, consent: Consent) -> None:
        self._consent = consent

    def yes(self, call: Call) -> Answer | None:
        words = call.words.casefold().split()
        return self._answer(call, "turn" if ALL.intersection(words) else "once", words)

    def no(self, call: Call) -> Answer | None:
        return self._answer(call, "no", call.words.split())

    def which(self, call: Call) -> Answer:
        """A bare yes or no while their session waits for one and something else is asked too: it answers neither."""
        return Answer(say("consent_which", call.person.language, id=self._consent.open_id or 0))

    def _answer(self, call: Call, outcome: Outcome, words: list[str]) -> Answer | None:
        """The session tells what came of it; here only that nothing is asked, or something else."""
        numbers = [int(word[:18]) for word in words if word.isascii() and word.isdecimal()]
        if self._consent.answer(outcome, numbers[0] if numbers else None):
            return None
        key = "consent_gone" if numbers else "consent_nothing"
        return Answer(say(key, call.person.language, id=numbers[0] if numbers else 0))
