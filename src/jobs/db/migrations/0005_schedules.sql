-- What recurs, what it does, and what came of each time it was due.

ALTER TABLE scheduled_tasks ADD COLUMN kind TEXT NOT NULL DEFAULT 'text' CHECK (kind IN ('text', 'prompt'));
ALTER TABLE scheduled_tasks ADD COLUMN rule TEXT;                -- NULL: once; else see tools/recurrence.py
ALTER TABLE scheduled_tasks ADD COLUMN starts_at TEXT;           -- UTC; what "every" counts from
ALTER TABLE scheduled_tasks ADD COLUMN missed TEXT NOT NULL DEFAULT 'run' CHECK (missed IN ('run', 'skip', 'ask'));
ALTER TABLE scheduled_tasks ADD COLUMN paused TEXT;              -- why it is not fired; NULL: it is

CREATE TABLE schedule_runs (
    task_id INTEGER NOT NULL REFERENCES scheduled_tasks (id),
    due_at  TEXT NOT NULL,                                       -- UTC
    ran_at  TEXT NOT NULL,                                       -- UTC
    outcome TEXT NOT NULL CHECK (outcome IN ('said', 'asked', 'missed', 'skipped')),
    PRIMARY KEY (task_id, due_at)
) STRICT;
CREATE INDEX schedule_runs_by_time ON schedule_runs (ran_at);
