-- Tasks with a life: kinds, ten statuses, bounds to agree in, a history, reminders by a ladder, proofs, and first
-- messages that wait for the owner's word. SQLite cannot alter a CHECK, so the table of tasks is made anew.

CREATE TABLE user_tasks_new (
    id          INTEGER PRIMARY KEY,
    user_id     INTEGER NOT NULL REFERENCES external_users (id),
    kind        TEXT NOT NULL DEFAULT 'task' CHECK (kind IN ('task', 'question', 'meeting')),
    title       TEXT NOT NULL,
    details     TEXT NOT NULL DEFAULT '',
    deadline    TEXT,                           -- UTC; of a meeting that is agreed: its beginning
    zone        TEXT NOT NULL,                  -- the zone the deadline was meant in
    status      TEXT NOT NULL DEFAULT 'new'
                CHECK (status IN ('new', 'delivered', 'seen', 'accepted', 'in_progress', 'done', 'returned',
                                  'verified', 'declined', 'cancelled')),
    comment     TEXT NOT NULL DEFAULT '',       -- the person's last words about it
    bounds      TEXT NOT NULL DEFAULT '{}',     -- JSON, users/terms.py: inside them code agrees by itself; the owner's
    agreed      TEXT NOT NULL DEFAULT '{}',     -- JSON: what was agreed beside the deadline
    proposal    TEXT,                           -- JSON: what the person proposed and the owner has not answered
    ladder_from TEXT NOT NULL,                  -- reminders that were due up to here are behind
    created_at  TEXT NOT NULL,
    updated_at  TEXT NOT NULL
) STRICT;
INSERT INTO user_tasks_new (id, user_id, title, details, deadline, zone, status, comment, ladder_from, created_at,
                            updated_at)
    SELECT id, user_id, title, details, deadline, zone,
           iif(status = 'new' AND EXISTS (
               SELECT 1 FROM outbox WHERE key = 'task:' || user_tasks.id || ':new:0' AND state = 'sent'
           ), 'delivered', status),
           comment, strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), created_at, updated_at FROM user_tasks;
DROP TABLE user_tasks;
ALTER TABLE user_tasks_new RENAME TO user_tasks;
CREATE INDEX user_tasks_by_user ON user_tasks (user_id, status);
CREATE INDEX user_tasks_by_status ON user_tasks (status, deadline);

-- Who changed what, when, with which words.
CREATE TABLE task_history (
    id      INTEGER PRIMARY KEY,
    task_id INTEGER NOT NULL REFERENCES user_tasks (id) ON DELETE CASCADE,
    at      TEXT NOT NULL,
    actor   TEXT NOT NULL CHECK (actor IN ('owner', 'person', 'code')),
    change  TEXT NOT NULL,                      -- 'status', 'deadline', 'proposal', …: users/task_states.py
    was     TEXT NOT NULL DEFAULT '',
    becomes TEXT NOT NULL DEFAULT '',
    words   TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX task_history_by_task ON task_history (task_id);

-- Steps of the ladder that were taken. `n` counts a task's steps; several tasks of a person share one message.
CREATE TABLE task_steps (
    task_id INTEGER NOT NULL REFERENCES user_tasks (id) ON DELETE CASCADE,
    n       INTEGER NOT NULL,
    told    TEXT NOT NULL CHECK (told IN ('person', 'owner')),
    at      TEXT NOT NULL,
    PRIMARY KEY (task_id, n)
) STRICT;

-- Files that came with "done". `path` is relative to the workspace.
CREATE TABLE task_proofs (
    id       INTEGER PRIMARY KEY,
    task_id  INTEGER NOT NULL REFERENCES user_tasks (id) ON DELETE CASCADE,
    inbox_id INTEGER NOT NULL UNIQUE REFERENCES inbox (id),
    kind     TEXT NOT NULL,
    name     TEXT NOT NULL,
    path     TEXT NOT NULL,
    at       TEXT NOT NULL
) STRICT;
CREATE INDEX task_proofs_by_task ON task_proofs (task_id);

-- First words to somebody who never wrote, until the owner has seen them and says yes: then they enter the outbox.
CREATE TABLE held_messages (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,  -- a number that was shown is never given to another
    key        TEXT NOT NULL UNIQUE,
    chat       INTEGER NOT NULL,
    kind       TEXT NOT NULL,
    text       TEXT NOT NULL,
    task_id    INTEGER REFERENCES user_tasks (id) ON DELETE CASCADE,
    created_at TEXT NOT NULL
) STRICT;

ALTER TABLE external_users ADD COLUMN note TEXT NOT NULL DEFAULT '';  -- the owner's, never shown to the person's session
ALTER TABLE external_users ADD COLUMN muted_until TEXT;               -- UTC: no reminders before it
