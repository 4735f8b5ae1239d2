-- Pages that are gone: what was observed of them ends when they were found missing; and what a safety valve kept from being
-- believed.

-- The pages that a run would have called gone, had there not been so many of them.
CREATE TABLE vanished_candidate (
  run_id INTEGER NOT NULL,
  page_id INTEGER NOT NULL,
  PRIMARY KEY (run_id, page_id)
) STRICT, WITHOUT ROWID;

DROP VIEW page_states;
CREATE VIEW page_states AS
SELECT page_id, strftime('%Y-%m-%dT%H:%M:%fZ', valid_from / 1000.0, 'unixepoch') AS valid_from,
  strftime('%Y-%m-%dT%H:%M:%fZ', valid_to / 1000.0, 'unixepoch') AS valid_to,
  title, space_id, parent_id, position, status, parent_type
FROM page_state
UNION ALL
SELECT id, strftime('%Y-%m-%dT%H:%M:%fZ', state_since / 1000.0, 'unixepoch'), NULL,
  title, space_id, parent_id, position, status, parent_type
FROM page
WHERE gone_at IS NULL;
