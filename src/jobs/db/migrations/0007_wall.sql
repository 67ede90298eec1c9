-- Other people's words in the owner's conversation, and what the owner was asked because of them.

CREATE TABLE foreign_words (
    id      INTEGER PRIMARY KEY,
    lane    INTEGER NOT NULL,                  -- whose session has them in its conversation
    turn_id INTEGER NOT NULL REFERENCES turns (id),  -- the turn that brought them in
    source  TEXT NOT NULL,                     -- how: 'forwarded', 'quoted', or the name of the tool that told them
    author  TEXT NOT NULL,                     -- whose they are, as far as is known
    words   TEXT NOT NULL,
    at      TEXT NOT NULL,
    UNIQUE (lane, turn_id, source, author, words)
) STRICT;
ALTER TABLE turns ADD COLUMN marked INTEGER NOT NULL DEFAULT 0;  -- 1: other people's words stood in its conversation
CREATE INDEX turns_marked ON turns (id) WHERE marked = 1;

CREATE TABLE questions (
    id          INTEGER PRIMARY KEY,
    turn_id     INTEGER NOT NULL REFERENCES turns (id),
    tool        TEXT NOT NULL,
    arguments   TEXT NOT NULL,                 -- JSON
    state       TEXT NOT NULL DEFAULT 'open'   -- 'gone': its turn ended, or was cut off, before an answer
                CHECK (state IN ('open', 'once', 'turn', 'no', 'silence', 'gone')),
    asked_at    TEXT NOT NULL,
    answered_at TEXT
) STRICT;
CREATE INDEX questions_open ON questions (id) WHERE state = 'open';

-- How the owner stands to a person, and how much of Jobs is theirs. No row: as the settings say.
CREATE TABLE standings (
    person_id  INTEGER PRIMARY KEY,
    standing   TEXT NOT NULL DEFAULT 'known' CHECK (standing IN ('known', 'asked', 'ignored', 'muted', 'banned')),
    per_minute INTEGER,                        -- messages; NULL, here and below: the setting
    per_day    INTEGER,                        -- messages
    turns      INTEGER,                        -- a day
    usd        REAL                            -- a day
) STRICT;
CREATE INDEX inbox_by_time ON inbox (lane, sent_at);
