"""What was said, by whom, and what did not arrive: what a session is told of the records."""

from collections.abc import Sequence
from datetime import timedelta

from jobs.db import Database, Row
from jobs.times import from_text, now, to_text

SCHEDULED_AGO = timedelta(hours=1)
"""How long before its answer an isolated run may have begun."""


def recent(db: Database, lane: int, before_row: int, limit: int, *, notices: bool = True) -> Sequence[Row]:
    """The last messages of a chat from both sides, oldest first, as {who, text, at}: for a recap.

    Only what was handled before inbox row `before_row` (the first of the turn that asks). `notices`: with what code
    said there. That is other people's words to the owner, whose recap has none: without notices, what was forwarded is
    left out as well, and what was answered while such words stood in the conversation.
    """
    rows = db.execute(
        """SELECT * FROM (SELECT 'person' AS who,
                      CASE WHEN extras ->> '$.forwarded_from' IS NULL THEN '' WHEN :notices
                      THEN '[forwarded, not their words] ' ELSE '[forwarded words of somebody else, left out]' END
                      || iif(:notices OR extras ->> '$.forwarded_from' IS NULL,
                             text || coalesce(' ' || (extras ->> '$.attachments[0].transcript'), ''), '') AS text,
                      sent_at AS at, id FROM inbox
               WHERE lane = :lane AND id < :before AND state = 'done' ORDER BY id DESC LIMIT :limit)
           UNION ALL
           SELECT * FROM (SELECT 'jobs', iif(:notices OR turn_id IS NULL OR NOT EXISTS (
                          SELECT 1 FROM turns WHERE turns.id = turn_id AND marked = 1
                      ), text, '[an answer about the words of others, left out]'), created_at, id FROM outbox
               WHERE chat = :lane AND state <> 'failed' AND text <> '' AND (:notices OR kind <> 'notice')
               ORDER BY id DESC LIMIT :limit)
           ORDER BY at DESC, id DESC LIMIT :limit""",
        {"lane": lane, "before": before_row, "limit": limit, "notices": notices},
    )
    return rows[::-1]


def since(db: Database, lane: int, turn_id: int) -> Sequence[Row]:
    """What was said in a lane's chat since its last turn by others than its session, oldest first, as {text, at}.

    Tasks handed over and messages by `send_to_user`: the person has read them, the session has not.
    """
    last = db.value(
        "SELECT id FROM turns WHERE lane = ? AND id < ? AND state = 'done' ORDER BY id DESC LIMIT 1", (lane, turn_id)
    )
    return db.execute(
        """SELECT text, created_at AS at FROM outbox
           WHERE chat = :lane AND turn_id IS NULL AND state <> 'failed' AND key NOT LIKE 'command:%'
           AND created_at > coalesce((SELECT started_at FROM turns WHERE id = :last), '') ORDER BY id DESC LIMIT 20""",
        {"lane": lane, "last": last},
    )[::-1]


def by_schedules(db: Database, lane: int, turn_id: int) -> Sequence[Row]:
    """What schedules said in a lane's chat since its last turn began, oldest first, as {text, at}: its session has
    not read it. Reminders, and answers of isolated runs, but for those about the words of others.
    """
    started = db.value(
        "SELECT started_at FROM turns WHERE lane = ? AND id < ? ORDER BY id DESC LIMIT 1", (lane, turn_id)
    )
    begun = from_text(started) if started else now() - SCHEDULED_AGO
    return db.execute(
        """SELECT outbox.text AS text, created_at AS at FROM schedule_runs JOIN outbox
               ON outbox.key = 'schedule:' || task_id || ':' || due_at || ':0'
           WHERE ran_at > :earliest AND chat = :lane AND outbox.state <> 'failed' AND created_at > :since
             AND NOT EXISTS (SELECT 1 FROM turns WHERE turns.id = outbox.turn_id AND marked = 1)
           ORDER BY outbox.id DESC LIMIT 10""",
        {"lane": lane, "earliest": to_text(begun - SCHEDULED_AGO), "since": to_text(begun)},
    )[::-1]


def undelivered(db: Database, lane: int, turn_id: int, *, is_owner: bool) -> Sequence[Row]:
    """What the lane's session wrote that could not be delivered, as {chat, text, error}, oldest first, each told once.

    An answer is written by its chat's session; a message or a task handed to somebody else by the owner's.
    It counts as told when the turn that told it was finished: of another one nothing stays in the conversation.
    """
    rows = db.execute(
        """SELECT id, chat, text, error FROM outbox
           WHERE state = 'failed' AND NOT EXISTS (
               SELECT 1 FROM turns WHERE id = told_in AND id <> :turn AND state = 'done' AND error IS NULL
           ) AND (chat = :lane AND kind IN ('answer', 'message')
                  OR :is_owner AND chat <> :lane AND (kind = 'message' OR key GLOB 'task:*:new:*'))
           ORDER BY id""",
        {"lane": lane, "turn": turn_id, "is_owner": is_owner},
    )
    if rows:  # seldom, and each turn asks
        with db.transaction(durable=False):
            for row in rows:
                db.execute("UPDATE outbox SET told_in = ? WHERE id = ?", (turn_id, row["id"]))
    return rows
