"""A word answers a question only if whoever wrote it had the question before them."""

import pytest
from tests.support import Spine

from jobs.spine.extras import Extras, Quote
from jobs.spine.model import Choice, Incoming, Origin
from jobs.spine.questions import may_answer
from jobs.times import now

OWNER = 11


def word(message_id: int | None = None, replies_to: str | None = None) -> Incoming:
    extras = Extras(quote=Quote(text="?", by="jobs", occasion=replies_to)) if replies_to else Extras()
    return Incoming("telegram:11:1", OWNER, Origin.OWNER, "да", now(), message_id, extras=extras)


def test_a_yes_counts_only_once_the_question_was_seen(spine: Spine) -> None:
    spine.outbox.ask("held:3", OWNER, "shall I?", (Choice("yes", "/send 3"),))
    assert not may_answer(spine.db, "held:3", word(5)), "it is on its way still"
    row = spine.db.execute("UPDATE outbox SET attempts = 1, state = 'sent', message_id = 7 RETURNING key")[-1]
    assert not may_answer(spine.db, "held:3", word(6)), "written before the question was shown"
    assert not may_answer(spine.db, "held:3", word(8, "turn:3:0")), "a reply to something else"
    assert may_answer(spine.db, "held:3", word(8, row["key"]))
    assert may_answer(spine.db, "held:3", word(8))


@pytest.mark.parametrize("key", ["held:30", "held"])
def test_another_question_is_another(spine: Spine, key: str) -> None:
    spine.outbox.ask("held:3", OWNER, "shall I?", ())
    assert not may_answer(spine.db, key, word(8))
