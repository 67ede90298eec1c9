-- Every call of the model, as the credential broker sees it: what a limit is held to, also within a turn and after a crash.
CREATE TABLE model_calls (
    id           INTEGER PRIMARY KEY,
    at           TEXT NOT NULL,             -- when it was sent on, UTC
    lane         INTEGER NOT NULL,          -- whose session called
    turn_id      INTEGER,                   -- no reference: turns may be archived before their calls
    model        TEXT NOT NULL DEFAULT '',  -- as its answer named it
    input_tokens  INTEGER NOT NULL DEFAULT 0, -- cached ones included
    output_tokens INTEGER NOT NULL DEFAULT 0,
    cost_usd     REAL NOT NULL DEFAULT 0,   -- by broker/prices.py
    reserved_usd REAL NOT NULL DEFAULT 0    -- while it is under way: the most it can still cost
) STRICT;
CREATE INDEX model_calls_by_time ON model_calls (at);
CREATE INDEX model_calls_by_turn ON model_calls (turn_id) WHERE turn_id IS NOT NULL;
CREATE INDEX model_calls_open ON model_calls (id) WHERE reserved_usd > 0;
