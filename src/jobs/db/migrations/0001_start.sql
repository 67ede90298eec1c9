-- The first version of the database. Every time is UTC, ISO 8601 with milliseconds and "Z"; a zone is an IANA name.

-- What is kept once: Telegram's update state, the owner's name and language, what the owner was told already.
CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;

-- ------------------------------------------------------------------ people

-- Everyone Jobs knows but the owner: who wrote, and who stands in the account's contacts.
CREATE TABLE external_users (
    id            INTEGER PRIMARY KEY,         -- Telegram's user id
    name          TEXT NOT NULL,
    username      TEXT,
    phone         TEXT,
    language      TEXT NOT NULL DEFAULT 'en' CHECK (language IN ('ru', 'en')),
    zone          TEXT,                        -- NULL: the owner's
    first_contact TEXT,                        -- NULL: has never written
    last_contact  TEXT
) STRICT;

CREATE TABLE user_tasks (
    id         INTEGER PRIMARY KEY,
    user_id    INTEGER NOT NULL REFERENCES external_users (id),
    title      TEXT NOT NULL,
    details    TEXT NOT NULL DEFAULT '',
    deadline   TEXT,                           -- UTC
    zone       TEXT NOT NULL,                  -- the zone the deadline was meant in
    status     TEXT NOT NULL DEFAULT 'new'
               CHECK (status IN ('new', 'accepted', 'in_progress', 'done', 'declined', 'cancelled')),
    comment    TEXT NOT NULL DEFAULT '',       -- the person's last words about it
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL
) STRICT;
CREATE INDEX user_tasks_by_user ON user_tasks (user_id, status);

CREATE TABLE scheduled_tasks (
    id         INTEGER PRIMARY KEY,
    text       TEXT NOT NULL,
    due_at     TEXT NOT NULL,                  -- UTC
    zone       TEXT NOT NULL,                  -- the zone it was meant in
    state      TEXT NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'fired', 'cancelled')),
    created_at TEXT NOT NULL
) STRICT;
CREATE INDEX scheduled_tasks_due ON scheduled_tasks (due_at) WHERE state = 'waiting';

-- ------------------------------------------------------------------- spine

-- One run of a session over the rows that waited in its lane.
CREATE TABLE turns (
    id            INTEGER PRIMARY KEY,
    lane          INTEGER NOT NULL,            -- the person whose session it is
    state         TEXT NOT NULL CHECK (state IN ('running', 'waiting', 'done', 'set_aside')),
    attempts      INTEGER NOT NULL DEFAULT 0,  -- how often it was begun
    failures      INTEGER NOT NULL DEFAULT 0,  -- how often it ended by a fault of its own
    not_before    TEXT,                        -- while waiting: when it is tried again
    error         TEXT,
    started_at    TEXT NOT NULL,
    finished_at   TEXT,
    input_tokens  INTEGER NOT NULL DEFAULT 0,
    output_tokens INTEGER NOT NULL DEFAULT 0,
    cost_usd      REAL NOT NULL DEFAULT 0,
    model         TEXT
) STRICT;
CREATE INDEX turns_open ON turns (lane) WHERE state IN ('running', 'waiting');

-- Everything that happens. The key makes it happen once.
CREATE TABLE inbox (
    id         INTEGER PRIMARY KEY,
    key        TEXT NOT NULL UNIQUE,           -- e.g. 'telegram:<chat>:<message>'
    lane       INTEGER NOT NULL,
    origin     TEXT NOT NULL CHECK (origin IN ('owner', 'external', 'schedule', 'heartbeat', 'task_event')),
    text       TEXT NOT NULL,
    message_id INTEGER,                        -- Telegram's, where it came from there
    sent_at    TEXT NOT NULL,                  -- when it was written, by the sender's side
    state      TEXT NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'taken', 'done', 'dropped', 'set_aside')),
    turn_id    INTEGER REFERENCES turns (id),
    created_at TEXT NOT NULL
) STRICT;
CREATE INDEX inbox_open ON inbox (lane, id) WHERE state IN ('waiting', 'taken');
CREATE INDEX inbox_by_turn ON inbox (turn_id);
CREATE INDEX inbox_by_lane ON inbox (lane, id);

-- Everything said, one row a Telegram message.
CREATE TABLE outbox (
    id         INTEGER PRIMARY KEY,
    key        TEXT NOT NULL UNIQUE,           -- e.g. 'turn:<id>:0': the same words are said once
    chat       INTEGER NOT NULL,
    kind       TEXT NOT NULL CHECK (kind IN ('answer', 'message', 'notice')),
    text       TEXT NOT NULL,
    entities   TEXT NOT NULL DEFAULT '[]',     -- JSON, see telegram/formatting.py
    random_id  INTEGER NOT NULL UNIQUE,        -- Telegram knows a resend by it
    state      TEXT NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'sent', 'failed')),
    attempts   INTEGER NOT NULL DEFAULT 0,
    error      TEXT,
    turn_id    INTEGER REFERENCES turns (id),
    message_id INTEGER,                        -- Telegram's, once sent
    created_at TEXT NOT NULL,
    sent_at    TEXT
) STRICT;
CREATE INDEX outbox_open ON outbox (chat, id) WHERE state = 'queued';
CREATE INDEX outbox_by_chat ON outbox (chat, id);

-- What a turn's tools did, so that a turn that runs again does not do it twice.
CREATE TABLE tool_calls (
    id        INTEGER PRIMARY KEY,
    turn_id   INTEGER NOT NULL REFERENCES turns (id),
    tool      TEXT NOT NULL,
    arguments TEXT NOT NULL,                   -- canonical JSON
    ordinal   INTEGER NOT NULL,                -- 0 for the first call with these arguments in one attempt, then 1, …
    result    TEXT NOT NULL,
    called_at TEXT NOT NULL,
    UNIQUE (turn_id, tool, arguments, ordinal)
) STRICT;

-- ---------------------------------------------------------------- telegram

-- How each private chat is addressed, and how far it has been read into the inbox.
CREATE TABLE telegram_chats (
    id              INTEGER PRIMARY KEY,       -- the person's id
    access_hash     INTEGER NOT NULL DEFAULT 0,
    last_message_id INTEGER                    -- NULL: its history was never looked at
) STRICT;
