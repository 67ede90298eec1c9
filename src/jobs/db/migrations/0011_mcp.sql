-- MCP servers: what the owner said yes to, and what each server offered then.
CREATE TABLE mcp_servers (
    name     TEXT PRIMARY KEY,
    asked    TEXT NOT NULL DEFAULT '',  -- what the owner was last asked to allow: a fingerprint of the entry or of its tools
    asked_at TEXT,                      -- NULL: nothing is asked
    allowed  TEXT NOT NULL DEFAULT '',  -- fingerprint of the entry that the owner said yes to
    tools    TEXT                       -- JSON: the tools it had then; NULL: it was not connected yet
) STRICT;

-- A secret that Jobs has asked the owner for: their next message with a single word is its value.
CREATE TABLE secret_requests (
    id       INTEGER PRIMARY KEY,
    server   TEXT NOT NULL,
    variable TEXT NOT NULL,
    asked_at TEXT NOT NULL,
    state    TEXT NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'given', 'withdrawn'))
) STRICT;

-- Messages that held a secret, until they are gone from the chat.
CREATE TABLE messages_to_delete (
    chat       INTEGER NOT NULL,
    message_id INTEGER NOT NULL,
    PRIMARY KEY (chat, message_id)
) STRICT, WITHOUT ROWID;
