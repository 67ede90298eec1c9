"""/memory: what is remembered for good, and taking its last change back."""

from jobs.memory.storage import MemoryStorage, StorageError, Undo
from jobs.spine.model import Choice
from jobs.telegram.commands.command import Answer, Call
from jobs.texts import say

UNDO = frozenset({"undo", "отмена", "отменить", "назад"})
SAID = {Undo.DONE: "memory_undone", Undo.NOTHING: "memory_nothing_to_undo", Undo.OVERTAKEN: "memory_overtaken"}


class MemoryCommand:
    def __init__(self, storage: MemoryStorage) -> None:
        self._storage = storage

    def run(self, call: Call) -> Answer:
        language = call.person.language
        first, _, number = call.words.casefold().partition(" ")
        try:
            if first in UNDO:
                return Answer(say(self._undo(number.strip()), language))
            whole = self._storage.facts()
        except StorageError as error:
            return Answer(say("memory_trouble", language, reason=error))
        if not whole:
            return Answer(say("memory_empty", language))
        return Answer(whole, (Choice(say("choice_undo", language), "/memory undo"),))

    def _undo(self, number: str) -> str:
        """`number`: of the change that is meant, "" the last. Returns the key of what is said about it."""
        if number and number != str(self._storage.newest_version):
            return "memory_changed_since"
        return SAID[self._storage.undo()]
