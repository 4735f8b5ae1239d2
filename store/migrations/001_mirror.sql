-- The mirror: what the site said (space, page, page_version, account), what was observed of it and when (page_state),
-- what of it is still to be fetched, and how far the running crawl has come.
--
-- Tables are named in the singular and may change; the views at the end are the public interface and may not.
-- Times are integer milliseconds since 1970 UTC; the views print them as ISO-8601. Ids are Confluence's own; accounts are
-- interned, because their ids are long and in every row. What the site may tell in any order (a page before its space,
-- versions before their page) has no foreign key; what only we link (accounts, blobs) has.
--
-- Place is left for, each in a migration of its own and in the same manner (an `observation` in every row that an answer
-- may overwrite, texts apart from metadata, `<thing>_due` flags with a partial index, bodies as rows of `blob`):
-- attachment (page_id, file version, media type, content in a table of its own), page_label (page_id, label), comment
-- (footer and inline, with versions), blog_post (like page, without a place in the tree), restriction (page_id, operation,
-- subject), job (the edit queue, with the view `jobs`).

-- site_url, account_id, history (none | metadata | bodies), last_observation, clean, ... Everything is text.
CREATE TABLE meta (
  key TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE account (
  id INTEGER PRIMARY KEY,
  account_id TEXT NOT NULL UNIQUE,
  name TEXT,
  status TEXT,
  asked_at INTEGER,                        -- NULL: the site was never asked for the name
  observation INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX account_unasked ON account (id) WHERE asked_at IS NULL;

CREATE TABLE space (
  id INTEGER PRIMARY KEY,
  key TEXT NOT NULL,
  name TEXT NOT NULL,
  type TEXT NOT NULL,
  status TEXT NOT NULL,
  current_alias TEXT,
  author INTEGER REFERENCES account (id),
  created_at INTEGER NOT NULL,
  homepage_id INTEGER,
  description TEXT,
  icon_path TEXT,                          -- with /wiki
  web_path TEXT NOT NULL,                  -- without /wiki
  observation INTEGER NOT NULL,
  observed_at INTEGER NOT NULL,
  gone_at INTEGER,
  gone_reason TEXT
) STRICT;

-- The labels of a space come in an answer of their own, maybe before the space.
CREATE TABLE space_label_set (
  space_id INTEGER PRIMARY KEY,
  observation INTEGER NOT NULL,
  observed_at INTEGER NOT NULL
) STRICT;
CREATE TABLE space_label (
  space_id INTEGER NOT NULL REFERENCES space_label_set (space_id),
  label TEXT NOT NULL,
  PRIMARY KEY (space_id, label)
) STRICT, WITHOUT ROWID;

-- The text that came last with each page. Rows are only ever appended or replaced in place: in the order of page ids, which
-- come in no useful order, each new body would touch a leaf of its own.
CREATE TABLE page_body (
  id INTEGER PRIMARY KEY,
  body TEXT NOT NULL
) STRICT;

-- Metadata only: bodies are elsewhere, so that a move or a rename does not rewrite them.
CREATE TABLE page (
  id INTEGER PRIMARY KEY,
  space_id INTEGER NOT NULL,
  status TEXT NOT NULL,
  title TEXT NOT NULL,
  parent_id INTEGER,
  parent_type TEXT,
  position INTEGER,
  author INTEGER REFERENCES account (id),
  owner INTEGER REFERENCES account (id),
  last_owner INTEGER REFERENCES account (id),
  subtype TEXT,
  created_at INTEGER NOT NULL,
  version INTEGER NOT NULL,                -- its author, time and message are in page_version
  modified_at INTEGER NOT NULL,
  web_path TEXT NOT NULL,
  observation INTEGER NOT NULL,
  observed_at INTEGER NOT NULL,
  state_since INTEGER NOT NULL,            -- since when title, space, parent, position and status are as they are
  body_id INTEGER REFERENCES page_body (id),
  body_version INTEGER,                    -- the version whose body that is; NULL: none of which it still is the body
  body_hash BLOB,                          -- of the text in page_body
  body_bytes INTEGER,
  body_observation INTEGER,
  body_due INTEGER NOT NULL,               -- 1: the body of `version` is not here yet
  history_version INTEGER NOT NULL,        -- everything up to this version is known
  history_floor INTEGER NOT NULL,          -- listings observed before this one tell of another past
  history_due INTEGER NOT NULL,            -- 1: the version listing is to be fetched
  gone_at INTEGER,
  gone_reason TEXT
) STRICT;
CREATE INDEX page_of_space ON page (space_id, gone_at);
CREATE INDEX page_body_due ON page (id) WHERE body_due = 1;
CREATE INDEX page_history_due ON page (id) WHERE history_due = 1;

-- Bodies of older versions. Never changed once written; encodings: 0 plain, 1 zstd, 2 zstd with the content of
-- prefix_blob_id as its prefix. refs counts the versions and the blobs that need this one.
CREATE TABLE blob (
  id INTEGER PRIMARY KEY,
  sha256 BLOB NOT NULL UNIQUE,
  encoding INTEGER NOT NULL,
  prefix_blob_id INTEGER REFERENCES blob (id),
  depth INTEGER NOT NULL,                  -- how many prefixes must be decoded first
  refs INTEGER NOT NULL,
  raw_bytes INTEGER NOT NULL,
  data BLOB NOT NULL
) STRICT;

-- Every version seen, the current one included. The body of page.body_version is in page_body, and blob_id is NULL then.
CREATE TABLE page_version (
  page_id INTEGER NOT NULL,
  number INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  author INTEGER REFERENCES account (id),
  message TEXT,                            -- NULL: empty
  minor_edit INTEGER NOT NULL,
  title TEXT,                              -- NULL: not known, or (current version) that of the page
  blob_id INTEGER REFERENCES blob (id),
  body_observation INTEGER,
  body_of_page INTEGER,                    -- 1: the body came with the page itself, which counts more than a listing
  observation INTEGER NOT NULL,
  PRIMARY KEY (page_id, number)
) STRICT, WITHOUT ROWID;

-- Versions whose number came again with other content (a restored site, a live document): what was seen first.
CREATE TABLE replaced_version (
  page_id INTEGER NOT NULL,
  number INTEGER NOT NULL,
  observation INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  author INTEGER REFERENCES account (id),
  message TEXT,
  minor_edit INTEGER NOT NULL,
  title TEXT,
  blob_id INTEGER REFERENCES blob (id),
  PRIMARY KEY (page_id, number, observation)
) STRICT, WITHOUT ROWID;

-- What was observed of a page before its present state, which is in `page` since state_since. Rows are only ever added.
CREATE TABLE page_state (
  page_id INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  valid_from INTEGER NOT NULL,
  valid_to INTEGER NOT NULL,
  title TEXT NOT NULL,
  space_id INTEGER NOT NULL,
  parent_id INTEGER,
  parent_type TEXT,
  position INTEGER,
  status TEXT NOT NULL,
  PRIMARY KEY (page_id, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE walk (
  walk_id INTEGER PRIMARY KEY,
  crawl_id INTEGER NOT NULL,
  kind TEXT NOT NULL,
  space_ids TEXT NOT NULL,                 -- a JSON array
  sort TEXT NOT NULL,
  next_link TEXT NOT NULL,
  reached INTEGER,
  page_size INTEGER NOT NULL,
  done INTEGER NOT NULL
) STRICT;

CREATE TABLE sync_run (
  run_id INTEGER PRIMARY KEY,
  kind TEXT NOT NULL,
  started_at INTEGER NOT NULL,
  finished_at INTEGER,
  outcome TEXT NOT NULL,
  requests INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  pages_changed INTEGER NOT NULL,
  error TEXT
) STRICT;

CREATE TABLE quarantined (
  subject TEXT PRIMARY KEY,
  reason TEXT NOT NULL,
  attempts INTEGER NOT NULL,
  next_try_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE VIEW spaces AS
SELECT s.id AS space_id, s.key AS space_key, s.current_alias, s.name, s.type, s.status, s.description, s.homepage_id,
  (SELECT value FROM meta WHERE key = 'site_url') || s.icon_path AS icon_url,
  (SELECT json_group_array(label) FROM (SELECT label FROM space_label WHERE space_id = s.id ORDER BY label)) AS labels,
  a.account_id AS author_id,
  strftime('%Y-%m-%dT%H:%M:%fZ', s.created_at / 1000.0, 'unixepoch') AS created_at,
  (SELECT value FROM meta WHERE key = 'site_url') || '/wiki' || s.web_path AS web_url,
  strftime('%Y-%m-%dT%H:%M:%fZ', s.observed_at / 1000.0, 'unixepoch') AS synced_at,
  strftime('%Y-%m-%dT%H:%M:%fZ', s.gone_at / 1000.0, 'unixepoch') AS gone_at,
  s.gone_reason
FROM space s
LEFT JOIN account a ON a.id = s.author;

CREATE VIEW pages AS
SELECT p.id AS page_id, p.space_id, s.key AS space_key, p.parent_id, p.parent_type, p.position, p.title, p.status,
  p.version, a.account_id AS author_id, a.name AS author_name, o.account_id AS owner_id,
  strftime('%Y-%m-%dT%H:%M:%fZ', p.created_at / 1000.0, 'unixepoch') AS created_at,
  strftime('%Y-%m-%dT%H:%M:%fZ', p.modified_at / 1000.0, 'unixepoch') AS modified_at,
  m.account_id AS modified_by, m.name AS modified_by_name,
  coalesce(v.message, '') AS version_message, v.minor_edit,
  b.body AS body_storage,
  CASE WHEN p.body_version = p.version THEN lower(hex(p.body_hash)) END AS body_sha256,
  (SELECT value FROM meta WHERE key = 'site_url') || '/wiki' || p.web_path AS web_url,
  strftime('%Y-%m-%dT%H:%M:%fZ', p.observed_at / 1000.0, 'unixepoch') AS synced_at
FROM page p
LEFT JOIN space s ON s.id = p.space_id
LEFT JOIN page_version v ON v.page_id = p.id AND v.number = p.version
LEFT JOIN account a ON a.id = p.author
LEFT JOIN account o ON o.id = p.owner
LEFT JOIN account m ON m.id = v.author
LEFT JOIN page_body b ON b.id = p.body_id AND p.body_version = p.version
WHERE p.gone_at IS NULL;

CREATE VIEW gone_pages AS
SELECT p.id AS page_id, p.space_id, s.key AS space_key, p.parent_id, p.parent_type, p.position, p.title, p.status,
  p.version, a.account_id AS author_id, a.name AS author_name, o.account_id AS owner_id,
  strftime('%Y-%m-%dT%H:%M:%fZ', p.created_at / 1000.0, 'unixepoch') AS created_at,
  strftime('%Y-%m-%dT%H:%M:%fZ', p.modified_at / 1000.0, 'unixepoch') AS modified_at,
  m.account_id AS modified_by, m.name AS modified_by_name,
  coalesce(v.message, '') AS version_message, v.minor_edit,
  b.body AS body_storage,
  CASE WHEN p.body_version = p.version THEN lower(hex(p.body_hash)) END AS body_sha256,
  (SELECT value FROM meta WHERE key = 'site_url') || '/wiki' || p.web_path AS web_url,
  strftime('%Y-%m-%dT%H:%M:%fZ', p.observed_at / 1000.0, 'unixepoch') AS synced_at,
  strftime('%Y-%m-%dT%H:%M:%fZ', p.gone_at / 1000.0, 'unixepoch') AS gone_at,
  p.gone_reason
FROM page p
LEFT JOIN space s ON s.id = p.space_id
LEFT JOIN page_version v ON v.page_id = p.id AND v.number = p.version
LEFT JOIN account a ON a.id = p.author
LEFT JOIN account o ON o.id = p.owner
LEFT JOIN account m ON m.id = v.author
LEFT JOIN page_body b ON b.id = p.body_id AND p.body_version = p.version
WHERE p.gone_at IS NOT NULL;

CREATE VIEW page_versions AS
SELECT v.page_id, v.number AS version,
  strftime('%Y-%m-%dT%H:%M:%fZ', v.created_at / 1000.0, 'unixepoch') AS created_at,
  a.account_id AS author_id, coalesce(v.message, '') AS message, v.minor_edit,
  CASE WHEN p.version = v.number THEN p.title ELSE v.title END AS title,
  nullif(lower(hex(CASE WHEN p.body_version = v.number THEN p.body_hash ELSE b.sha256 END)), '') AS body_sha256,
  CASE WHEN p.body_version = v.number THEN p.body_bytes ELSE b.raw_bytes END AS body_bytes
FROM page_version v
LEFT JOIN page p ON p.id = v.page_id
LEFT JOIN blob b ON b.id = v.blob_id
LEFT JOIN account a ON a.id = v.author;

CREATE VIEW page_states AS
SELECT page_id, strftime('%Y-%m-%dT%H:%M:%fZ', valid_from / 1000.0, 'unixepoch') AS valid_from,
  strftime('%Y-%m-%dT%H:%M:%fZ', valid_to / 1000.0, 'unixepoch') AS valid_to,
  title, space_id, parent_id, position, status, parent_type
FROM page_state
UNION ALL
SELECT id, strftime('%Y-%m-%dT%H:%M:%fZ', state_since / 1000.0, 'unixepoch'), NULL,
  title, space_id, parent_id, position, status, parent_type
FROM page;

CREATE VIEW users AS
SELECT account_id, name, status AS account_status FROM account;

CREATE VIEW sync_runs AS
SELECT run_id, kind, strftime('%Y-%m-%dT%H:%M:%fZ', started_at / 1000.0, 'unixepoch') AS started_at,
  strftime('%Y-%m-%dT%H:%M:%fZ', finished_at / 1000.0, 'unixepoch') AS finished_at,
  outcome, requests, bytes, pages_changed, error
FROM sync_run;

CREATE VIEW quarantine AS
SELECT subject, reason, attempts, strftime('%Y-%m-%dT%H:%M:%fZ', next_try_at / 1000.0, 'unixepoch') AS next_try_at
FROM quarantined;
