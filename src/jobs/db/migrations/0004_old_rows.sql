-- Questions that a turn asks find their rows however many old ones there are (benchmarks/delivery.py). A partial index is
-- used only for its own condition word for word, so what is asked by lane and state has a whole one.

DROP INDEX turns_open;
CREATE INDEX turns_by_lane ON turns (lane);
CREATE INDEX turns_by_state ON turns (lane, state);
CREATE INDEX turns_by_start ON turns (started_at);
CREATE INDEX turns_set_aside ON turns (id) WHERE state = 'set_aside';
CREATE INDEX turns_with_error ON turns (id) WHERE error IS NOT NULL;

CREATE INDEX inbox_by_state ON inbox (lane, state);

CREATE INDEX outbox_by_others ON outbox (chat) WHERE turn_id IS NULL;
CREATE INDEX outbox_by_album ON outbox (album) WHERE album IS NOT NULL;
CREATE INDEX outbox_with_error ON outbox (id) WHERE error IS NOT NULL;
