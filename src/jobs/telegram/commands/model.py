"""/model: which model answers the owner and which everyone else."""

from collections.abc import Callable

from jobs.spine.model import Choice
from jobs.spine.turns import Turns
from jobs.telegram.commands.command import Answer, Call
from jobs.texts import Language, say
from jobs.users.model import Role
from jobs.users.models import DEFAULT, KNOWN, Models

EXTERNAL = frozenset({"external", "others", "остальные", "другие"})
"""Said before the name: the model of everyone but the owner."""


class ModelChoice:
    def __init__(self, models: Models, turns: Turns, look_again: Callable[[], None]) -> None:
        self._models = models
        self._turns = turns
        self._look_again = look_again

    def run(self, call: Call) -> Answer:
        language, words = call.person.language, call.words.split()
        role = Role.EXTERNAL if words and words[0].casefold() in EXTERNAL else Role.OWNER
        names = words[1:] if role is Role.EXTERNAL else words
        if not names:
            return self._ask(language, role)
        try:
            (name,) = names
            self._models.choose(role, name)
        except ValueError:
            return Answer(say("model_wrong", language))
        # What waits because the model was not to be had is tried with the new one.
        self._turns.try_now()
        self._look_again()
        return Answer(say(f"model_chosen_{role}", language, model=self._name(role, language)))

    def _ask(self, language: Language, role: Role) -> Answer:
        text = say(
            "model_is",
            language,
            owner=self._name(Role.OWNER, language),
            external=self._name(Role.EXTERNAL, language),
        )
        command = "/model external" if role is Role.EXTERNAL else "/model"
        names = [(name, name) for name in KNOWN] + [(say("choice_default", language), DEFAULT)]
        return Answer(text, tuple(Choice(label, f"{command} {name}") for label, name in names))

    def _name(self, role: Role, language: Language) -> str:
        return self._models.of(role) or say("model_of_cli", language)
