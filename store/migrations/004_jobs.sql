-- The edit queue: what is to be written to the site, what became of it, and what was there before.

-- What was handed in together.
CREATE TABLE job_batch (
  id INTEGER PRIMARY KEY AUTOINCREMENT,    -- never given out twice, for people note it down
  name TEXT NOT NULL,
  digest BLOB NOT NULL,                    -- SHA-256 of what was handed in
  submitted_by TEXT NOT NULL,
  submitted_at INTEGER NOT NULL,
  undo_of INTEGER REFERENCES job_batch (id)
) STRICT;
CREATE INDEX job_batch_digest ON job_batch (digest);

CREATE TABLE job (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  batch_id INTEGER NOT NULL REFERENCES job_batch (id),
  line INTEGER NOT NULL,                   -- of the file, from 1
  ref TEXT,
  action TEXT NOT NULL,
  state TEXT NOT NULL,
  stuck INTEGER NOT NULL,                  -- 1: blocked on a job that came to no good end
  attempts INTEGER NOT NULL,
  not_before INTEGER,
  page_id INTEGER,                         -- a create's: once it is done
  space_id INTEGER,
  parent_id INTEGER,
  parent_job INTEGER REFERENCES job (id),  -- creates the parent
  title TEXT NOT NULL,
  status TEXT NOT NULL,                    -- of the page: current, draft
  representation TEXT NOT NULL,            -- storage, wiki
  base_version INTEGER,                    -- an update's: the version that it was made from
  sent_version INTEGER,                    -- the number that left with the last attempt
  sent_at INTEGER,                         -- when the first attempt left
  message TEXT NOT NULL,
  minor_edit INTEGER NOT NULL,
  on_conflict TEXT NOT NULL,
  mark TEXT NOT NULL UNIQUE,               -- what its version message carries
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  undo_of INTEGER REFERENCES job (id),
  error TEXT,
  result TEXT                              -- JSON: what the action returns
) STRICT;
CREATE INDEX job_of_batch ON job (batch_id, id);
-- What may be sent next, in order; and what stands before it.
CREATE INDEX job_open ON job (id) WHERE state IN ('queued', 'waiting', 'in_doubt', 'sending');
CREATE INDEX page_of_parent ON page (parent_id) WHERE parent_type = 'page';
CREATE INDEX job_of_page ON job (page_id, id) WHERE page_id IS NOT NULL;
CREATE INDEX job_of_parent ON job (parent_id, id) WHERE parent_id IS NOT NULL;
CREATE INDEX job_of_parent_job ON job (parent_job) WHERE parent_job IS NOT NULL;

-- Apart, so that a change of state does not rewrite it.
CREATE TABLE job_body (
  job_id INTEGER PRIMARY KEY REFERENCES job (id),
  body TEXT NOT NULL
) STRICT;

-- Jobs that must be done before.
CREATE TABLE job_after (
  job_id INTEGER NOT NULL REFERENCES job (id),
  after_job INTEGER NOT NULL REFERENCES job (id),
  PRIMARY KEY (job_id, after_job)
) STRICT, WITHOUT ROWID;
CREATE INDEX job_after_of ON job_after (after_job);

-- Pages as they were: before (what undo brings back), base, theirs (of a conflict), sent.
CREATE TABLE job_image (
  job_id INTEGER NOT NULL REFERENCES job (id),
  kind TEXT NOT NULL,
  version INTEGER NOT NULL,
  status TEXT NOT NULL,
  title TEXT NOT NULL,
  parent_id INTEGER,
  parent_type TEXT,
  author_id TEXT NOT NULL,                 -- of that version
  children TEXT NOT NULL,                  -- a JSON array of page ids, in their order
  encoding INTEGER NOT NULL,               -- as in blob: 0 plain, 1 zstd
  raw_bytes INTEGER NOT NULL,
  body BLOB NOT NULL,
  PRIMARY KEY (job_id, kind)
) STRICT;

-- Every change of a job's state. Rows are only ever added.
CREATE TABLE job_event (
  id INTEGER PRIMARY KEY,
  job_id INTEGER NOT NULL REFERENCES job (id),
  at INTEGER NOT NULL,
  state TEXT NOT NULL,
  reason TEXT NOT NULL
) STRICT;
CREATE INDEX job_event_of ON job_event (job_id, id);

CREATE VIEW jobs AS
SELECT j.id AS job_id, j.batch_id AS batch, j.action, j.page_id, j.state, j.attempts,
  strftime('%Y-%m-%dT%H:%M:%fZ', j.not_before / 1000.0, 'unixepoch') AS not_before,
  b.submitted_by,
  strftime('%Y-%m-%dT%H:%M:%fZ', j.created_at / 1000.0, 'unixepoch') AS created_at,
  strftime('%Y-%m-%dT%H:%M:%fZ', j.updated_at / 1000.0, 'unixepoch') AS updated_at,
  j.error, j.result, j.ref, j.line, j.title, s.key AS space_key, j.undo_of
FROM job j
JOIN job_batch b ON b.id = j.batch_id
LEFT JOIN space s ON s.id = j.space_id;

CREATE VIEW job_events AS
SELECT job_id, strftime('%Y-%m-%dT%H:%M:%fZ', at / 1000.0, 'unixepoch') AS at, state, reason
FROM job_event;
