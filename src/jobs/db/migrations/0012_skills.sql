-- Skills: which the owner has, and what they are asked about others. The skills themselves are folders of the workspace.
CREATE TABLE skills (
    name     TEXT PRIMARY KEY,
    known    INTEGER NOT NULL DEFAULT 0 CHECK (known IN (0, 1)),   -- made here, shipped, or allowed: it is offered
    staged   INTEGER NOT NULL DEFAULT 0 CHECK (staged IN (0, 1)),  -- what is asked about waits in DATA_DIR/skills
    asked    TEXT NOT NULL DEFAULT '',  -- what the owner was last asked to allow: a fingerprint of all its files
    asked_at TEXT                       -- NULL: nothing is asked
) STRICT;
