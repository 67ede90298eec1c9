-- A first message that asks to choose keeps its choices while it waits; and answers whose files are still on their way.

ALTER TABLE held_messages ADD COLUMN choices TEXT NOT NULL DEFAULT '[]';  -- JSON, as in the outbox

-- A person has said "done" under a file: said it counts once the file is here.
CREATE TABLE awaited_proofs (
    inbox_id INTEGER PRIMARY KEY REFERENCES inbox (id) ON DELETE CASCADE,
    task_id  INTEGER NOT NULL REFERENCES user_tasks (id) ON DELETE CASCADE
) STRICT;
