"""Whether somebody's words can be the answer to a question that the outbox holds."""

from jobs.db import Database
from jobs.spine.model import Incoming


def may_answer(db: Database, question: str, event: Incoming) -> bool:
    """Whether who wrote `event` had the question before them; `question` is the key it was said with.

    It was shown, their message comes after it, and if that replies to something, then to the question itself.
    """
    shown = db.one(
        "SELECT state, attempts, message_id FROM outbox WHERE key GLOB ? ORDER BY id DESC LIMIT 1", (f"{question}:*",)
    )
    occasion = event.extras.quote.occasion if event.extras.quote else None
    if shown is None or (shown["state"] == "queued" and shown["attempts"] == 0):
        return False
    if occasion is not None and not occasion.startswith(f"{question}:"):
        return False
    return event.message_id is None or shown["message_id"] is None or event.message_id > shown["message_id"]
