-- Scheduled tasks with a session, a target and a check of their own, and what each run came to; beats of the heartbeat.

ALTER TABLE scheduled_tasks ADD COLUMN session TEXT NOT NULL DEFAULT 'owner' CHECK (session IN ('owner', 'isolated'));
ALTER TABLE scheduled_tasks ADD COLUMN target INTEGER;           -- a person's id; NULL: the owner
ALTER TABLE scheduled_tasks ADD COLUMN model TEXT;               -- of an isolated run; NULL: the setting's
ALTER TABLE scheduled_tasks ADD COLUMN budget_usd REAL;          -- of one isolated run; NULL: the setting's
ALTER TABLE scheduled_tasks ADD COLUMN quiet INTEGER NOT NULL DEFAULT 0;  -- 1: its reply is not sent, only what it notifies of
ALTER TABLE scheduled_tasks ADD COLUMN may_schedule INTEGER NOT NULL DEFAULT 0;  -- 1: a run of it may make schedules
ALTER TABLE scheduled_tasks ADD COLUMN check_command TEXT;       -- decides whether it is done at all
ALTER TABLE scheduled_tasks ADD COLUMN check_when TEXT CHECK (check_when IN ('succeeds', 'fails', 'prints', 'changes'));
ALTER TABLE scheduled_tasks ADD COLUMN check_seen TEXT;          -- a hash of what the check printed last
ALTER TABLE scheduled_tasks ADD COLUMN failure TEXT;             -- why it is paused as 'failed'
UPDATE scheduled_tasks SET paused = 'owner' WHERE paused = 'by the owner';
-- `paused` is one of: 'owner', 'failed' (three times in a row), 'unseen' (a text for somebody else waits for the owner's yes).
DROP INDEX scheduled_tasks_due;
CREATE INDEX scheduled_tasks_due ON scheduled_tasks (due_at) WHERE state = 'waiting' AND paused IS NULL;

-- One row accounts for every time from `since` up to `ran_at`: the last of them, `due_at`, is what came of all.
CREATE TABLE schedule_runs_new (
    task_id       INTEGER NOT NULL REFERENCES scheduled_tasks (id),
    due_at        TEXT NOT NULL,               -- UTC
    since         TEXT NOT NULL,               -- UTC; earlier than due_at when several were missed
    ran_at        TEXT NOT NULL,               -- UTC
    outcome       TEXT NOT NULL CHECK (outcome IN ('said', 'checking', 'nothing', 'asked', 'done', 'stopped', 'failed',
                                                   'missed', 'skipped')),
    turn_id       INTEGER REFERENCES turns (id),
    result        TEXT NOT NULL DEFAULT '',    -- what it answered, or why it failed
    input_tokens  INTEGER NOT NULL DEFAULT 0,
    output_tokens INTEGER NOT NULL DEFAULT 0,
    cost_usd      REAL NOT NULL DEFAULT 0,
    seconds       REAL,                        -- from the beginning of its turn to its end
    acknowledged  TEXT,                        -- UTC; when the owner said that it is done
    PRIMARY KEY (task_id, due_at)
) STRICT;
INSERT INTO schedule_runs_new (task_id, due_at, since, ran_at, outcome)
    SELECT task_id, due_at, due_at, ran_at, iif(outcome = 'asked', 'done', outcome) FROM schedule_runs;
DROP TABLE schedule_runs;
ALTER TABLE schedule_runs_new RENAME TO schedule_runs;
CREATE INDEX schedule_runs_by_time ON schedule_runs (ran_at);

-- Each look of the heartbeat, once for each time it was due.
CREATE TABLE beats (
    due_at        TEXT PRIMARY KEY,            -- UTC
    ran_at        TEXT NOT NULL,               -- UTC
    looked        TEXT NOT NULL,               -- JSON: how much of each kind was found
    outcome       TEXT NOT NULL CHECK (outcome IN ('nothing', 'quiet hours', 'no money', 'busy', 'asked', 'done', 'failed')),
    turn_id       INTEGER REFERENCES turns (id),
    said          INTEGER NOT NULL DEFAULT 0,  -- how often the owner was notified
    input_tokens  INTEGER NOT NULL DEFAULT 0,
    output_tokens INTEGER NOT NULL DEFAULT 0,
    cost_usd      REAL NOT NULL DEFAULT 0
) STRICT;

-- What the heartbeat's session has been shown, so that it is not shown it again at once.
CREATE TABLE beat_findings (
    key      TEXT PRIMARY KEY,                 -- e.g. 'overdue:12'
    shown_at TEXT NOT NULL,                    -- UTC
    beat     TEXT NOT NULL                     -- the beat that showed it; until that has ended, it may be shown again
) STRICT;

-- Channels that are watched, and how far each has been read.
CREATE TABLE watches (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    channel    INTEGER NOT NULL,               -- Telegram's id of the channel
    title      TEXT NOT NULL,
    words      TEXT NOT NULL DEFAULT '[]',     -- JSON: any of these; empty with no pattern: every post
    pattern    TEXT,                           -- a regular expression
    prompt     TEXT,                           -- what the owner wants to hear of; NULL: every match is told as it is
    last_post  INTEGER NOT NULL,               -- the newest post that was looked at
    created_at TEXT NOT NULL
) STRICT;
CREATE TABLE telegram_channels (
    id          INTEGER PRIMARY KEY,
    access_hash INTEGER NOT NULL,
    title       TEXT NOT NULL
) STRICT;
