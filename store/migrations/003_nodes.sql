-- What stands in the tree of pages and is no page: folders, whiteboards, databases and embeds (Smart Links) that a page, or
-- another of them, names as its parent. The site lists them nowhere; each is asked for by its id.

CREATE TABLE node (
  id INTEGER PRIMARY KEY,
  type TEXT NOT NULL,                      -- folder, whiteboard, database, embed
  space_id INTEGER,
  parent_id INTEGER,
  parent_type TEXT,
  position INTEGER,
  title TEXT NOT NULL,
  status TEXT NOT NULL,
  author INTEGER REFERENCES account (id),
  created_at INTEGER,
  version INTEGER,
  observation INTEGER NOT NULL,            -- of the last answer, whether that showed the node or not
  observed_at INTEGER NOT NULL,
  gone_at INTEGER,
  gone_reason TEXT
) STRICT;

-- Which nodes pages name, without a look at every page.
CREATE INDEX page_of_node ON page (parent_id, parent_type, space_id)
  WHERE parent_type <> 'page' AND gone_at IS NULL;

CREATE VIEW nodes AS
SELECT n.id AS node_id, n.type, n.space_id, s.key AS space_key, n.parent_id, n.parent_type, n.position, n.title,
  n.status, a.account_id AS author_id,
  strftime('%Y-%m-%dT%H:%M:%fZ', n.created_at / 1000.0, 'unixepoch') AS created_at,
  strftime('%Y-%m-%dT%H:%M:%fZ', n.observed_at / 1000.0, 'unixepoch') AS synced_at,
  strftime('%Y-%m-%dT%H:%M:%fZ', n.gone_at / 1000.0, 'unixepoch') AS gone_at,
  n.gone_reason, n.version
FROM node n
LEFT JOIN space s ON s.id = n.space_id
LEFT JOIN account a ON a.id = n.author;

-- Everything that has a place in the tree now.
CREATE VIEW tree AS
SELECT p.id, 'page' AS type, p.space_id, s.key AS space_key, p.parent_id, p.parent_type, p.position, p.title, p.status
FROM page p
LEFT JOIN space s ON s.id = p.space_id
WHERE p.gone_at IS NULL
UNION ALL
SELECT n.id, n.type, n.space_id, s.key, n.parent_id, n.parent_type, n.position, n.title, n.status
FROM node n
LEFT JOIN space s ON s.id = n.space_id
WHERE n.gone_at IS NULL;
