-- What a message carries beside its text, both ways.

ALTER TABLE inbox ADD COLUMN extras TEXT NOT NULL DEFAULT '{}';  -- JSON, see spine/extras.py
ALTER TABLE inbox ADD COLUMN ready_at TEXT;                      -- part of an album: no turn begins before it
CREATE INDEX inbox_by_message ON inbox (message_id);

ALTER TABLE outbox ADD COLUMN media TEXT CHECK (media IN ('photo', 'document', 'audio', 'voice'));  -- NULL: text
ALTER TABLE outbox ADD COLUMN file TEXT;                         -- its path, or its name where `content` is given
ALTER TABLE outbox ADD COLUMN content TEXT;                      -- the text of a document that is no file
ALTER TABLE outbox ADD COLUMN album TEXT;                        -- rows that share it are sent as one
CREATE INDEX outbox_by_message ON outbox (chat, message_id);
