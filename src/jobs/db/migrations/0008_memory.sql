-- What memory reads of the conversations, and what its short turns cost.

CREATE INDEX outbox_by_time ON outbox (chat, created_at);

-- Turns that belong to nobody's conversation: notes of one that ends, the nightly consolidation.
CREATE TABLE short_turns (
    id       INTEGER PRIMARY KEY,
    purpose  TEXT NOT NULL CHECK (purpose IN ('notes', 'nightly')),
    at       TEXT NOT NULL,
    tokens   INTEGER NOT NULL,
    cost_usd REAL NOT NULL,
    model    TEXT
) STRICT;
