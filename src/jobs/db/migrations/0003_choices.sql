-- What a message asks to choose from, what goes out even while the outbox is frozen, and what was told of a failure.

ALTER TABLE outbox ADD COLUMN choices TEXT NOT NULL DEFAULT '[]';  -- JSON, [{label, command}]: buttons, where there can be
ALTER TABLE outbox ADD COLUMN urgent INTEGER NOT NULL DEFAULT 0;   -- 1: an answer to the owner's command
ALTER TABLE outbox ADD COLUMN told_in INTEGER REFERENCES turns (id);  -- failed: the turn whose session was told of it
CREATE INDEX outbox_failed ON outbox (chat) WHERE state = 'failed';
