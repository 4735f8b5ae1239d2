-- Texts for the search: what people read in pages, and the index over it. Both are filled off the crawl path, from a list
-- that triggers keep in the transaction of whatever changed. The tokenizer is the program's own (store/tokenizer.h).

CREATE TABLE page_text (
  page_id INTEGER PRIMARY KEY,
  extractor INTEGER NOT NULL,              -- the version of the rules by which `text` was made
  title TEXT NOT NULL,
  text TEXT NOT NULL
) STRICT;
CREATE VIRTUAL TABLE page_index USING fts5(title, text, content='page_text', content_rowid='page_id', tokenize='confmirror');

-- Pages whose text is to be made anew, or to go.
CREATE TABLE text_dirty (
  page_id INTEGER PRIMARY KEY
) STRICT;
INSERT INTO text_dirty(page_id) SELECT id FROM page WHERE gone_at IS NULL;

CREATE TRIGGER page_text_of_new AFTER INSERT ON page BEGIN
  INSERT INTO text_dirty(page_id) VALUES(new.id) ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER page_text_of_changed AFTER UPDATE OF title, body_hash, gone_at ON page
WHEN old.title IS NOT new.title OR old.body_hash IS NOT new.body_hash OR (old.gone_at IS NULL) != (new.gone_at IS NULL) BEGIN
  INSERT INTO text_dirty(page_id) VALUES(new.id) ON CONFLICT DO NOTHING;
END;

-- The same of older versions, where that is wanted (meta `index_history`). Their texts are many and much alike: they are
-- kept compressed, and the index stands alone.
CREATE TABLE version_text (
  id INTEGER PRIMARY KEY,
  page_id INTEGER NOT NULL,
  version INTEGER NOT NULL,
  blob_id INTEGER NOT NULL,                -- of the body that it was made from
  extractor INTEGER NOT NULL,
  title TEXT NOT NULL,                     -- "" where it is not known
  raw_bytes INTEGER NOT NULL,
  encoding INTEGER NOT NULL,               -- as in blob: 0 plain, 1 zstd
  text BLOB NOT NULL,
  UNIQUE (page_id, version)
) STRICT;
CREATE VIRTUAL TABLE version_index USING fts5(title, text, content='', tokenize='confmirror');

CREATE TABLE version_text_dirty (
  page_id INTEGER PRIMARY KEY
) STRICT;
CREATE TRIGGER version_text_of_new AFTER INSERT ON page_version
WHEN new.blob_id IS NOT NULL AND EXISTS (SELECT 1 FROM meta WHERE key = 'index_history') BEGIN
  INSERT INTO version_text_dirty(page_id) VALUES(new.page_id) ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER version_text_of_changed AFTER UPDATE OF blob_id, title ON page_version
WHEN (old.blob_id IS NOT new.blob_id OR old.title IS NOT new.title)
  AND EXISTS (SELECT 1 FROM meta WHERE key = 'index_history') BEGIN
  INSERT INTO version_text_dirty(page_id) VALUES(new.page_id) ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER version_text_of_removed AFTER DELETE ON page_version
WHEN old.blob_id IS NOT NULL AND EXISTS (SELECT 1 FROM meta WHERE key = 'index_history') BEGIN
  INSERT INTO version_text_dirty(page_id) VALUES(old.page_id) ON CONFLICT DO NOTHING;
END;

-- A page that was forgotten has taken what its jobs were to write with it: they cannot be done again, nor undone.
ALTER TABLE job ADD COLUMN forgotten_at INTEGER;
