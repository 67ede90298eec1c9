"""/memory: what is remembered for good, and taking its last change back."""

from jobs.memory.storage import MemoryStorage
from jobs.spine.model import Choice
from jobs.telegram.commands.command import Answer, Call
from jobs.texts import say

UNDO = frozenset({"undo", "отмена", "отменить", "назад"})


class MemoryCommand:
    def __init__(self, storage: MemoryStorage) -> None:
        self._storage = storage

    def run(self, call: Call) -> Answer:
        language = call.person.language
        if call.words.casefold() in UNDO:
            return Answer(say("memory_undone" if self._storage.undo() else "memory_nothing_to_undo", language))
        whole = self._storage.whole()
        if not whole:
            return Answer(say("memory_empty", language))
        return Answer(whole, (Choice(say("choice_undo", language), "/memory undo"),))
