-- Files of the workspace that are watched, and what was seen of each when it last counted.
CREATE TABLE file_watches (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    pattern    TEXT NOT NULL,                  -- a glob relative to the workspace
    prompt     TEXT NOT NULL,                  -- what is to be done with what is found
    quiet      INTEGER NOT NULL DEFAULT 0 CHECK (quiet IN (0, 1)),  -- 1: the answer is not sent, only what it notifies of
    found      INTEGER NOT NULL DEFAULT 0,     -- how many changes became rows of the inbox: the last one's number
    too_many   INTEGER NOT NULL DEFAULT 0 CHECK (too_many IN (0, 1)),  -- 1: it cannot be looked at, and the owner was told
    created_at TEXT NOT NULL                   -- UTC
) STRICT;
CREATE TABLE watched_files (
    watch_id INTEGER NOT NULL REFERENCES file_watches (id) ON DELETE CASCADE,
    path     TEXT NOT NULL,                    -- relative to the workspace
    version  TEXT NOT NULL,                    -- <mtime in ns>:<size in bytes>, only ever compared for being the same
    PRIMARY KEY (watch_id, path)
) STRICT, WITHOUT ROWID;
