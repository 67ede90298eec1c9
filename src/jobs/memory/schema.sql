-- The index: all of it can be made anew from the files and the records. Days are ISO 8601.

CREATE TABLE state (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;

CREATE TABLE documents (
    id     INTEGER PRIMARY KEY,
    path   TEXT NOT NULL UNIQUE,
    kind   TEXT NOT NULL CHECK (kind IN ('memory', 'day', 'note', 'conversation')),
    stamp  TEXT NOT NULL,              -- what the document was made of when it was read
    person TEXT NOT NULL               -- whose conversation; '' for files
) STRICT;

CREATE TABLE passages (
    id         INTEGER PRIMARY KEY,
    document   INTEGER NOT NULL REFERENCES documents (id),
    line_start INTEGER NOT NULL,
    line_end   INTEGER NOT NULL,
    text       TEXT NOT NULL,
    heading    TEXT NOT NULL,
    day        TEXT,
    source     TEXT NOT NULL,
    hash       BLOB NOT NULL           -- of all that is searched: the same hash needs no new words and no new vector
) STRICT;
CREATE INDEX passages_by_document ON passages (document);

-- The stems of each passage: to take them out of `words` again, they have to be known.
CREATE TABLE stems (
    passage INTEGER PRIMARY KEY,
    stems   TEXT NOT NULL
) STRICT;
CREATE VIRTUAL TABLE words USING fts5 (
    stems, content = 'stems', content_rowid = 'passage', tokenize = 'unicode61 remove_diacritics 0'
);
-- What is taken out is in no byte of the file any more, rather than at some later merge.
INSERT INTO words (words, rank) VALUES ('secure-delete', 1);
CREATE VIRTUAL TABLE vocabulary USING fts5vocab (words, 'row');

-- Every stem there is, with the key of its sound.
CREATE TABLE terms (
    term  TEXT PRIMARY KEY,
    sound TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX terms_by_sound ON terms (sound);

-- What is embedded: the single items and messages of the passages, each once however many passages it is in.
CREATE TABLE units (
    id   INTEGER PRIMARY KEY AUTOINCREMENT,
    text TEXT NOT NULL,                -- with its day and heading, as the embedder reads it
    hash BLOB NOT NULL UNIQUE
) STRICT;
CREATE TABLE passage_units (
    passage INTEGER NOT NULL,
    unit    INTEGER NOT NULL REFERENCES units (id),
    PRIMARY KEY (passage, unit)
) STRICT, WITHOUT ROWID;
CREATE INDEX passages_by_unit ON passage_units (unit);

-- 16-bit floats, in the order in which they were made, so that a reader can ask for what is new.
CREATE TABLE vectors (
    id     INTEGER PRIMARY KEY AUTOINCREMENT,
    unit   INTEGER NOT NULL UNIQUE,
    vector BLOB NOT NULL
) STRICT;

-- Units without a vector.
CREATE TABLE unread (
    unit INTEGER PRIMARY KEY
) STRICT;
