-- On whose behalf a job writes (account id); NULL: as the connection itself.
ALTER TABLE job ADD COLUMN as_user TEXT;

DROP VIEW jobs;
CREATE VIEW jobs AS
SELECT j.id AS job_id, j.batch_id AS batch, j.action, j.page_id, j.state, j.attempts,
  strftime('%Y-%m-%dT%H:%M:%fZ', j.not_before / 1000.0, 'unixepoch') AS not_before,
  b.submitted_by,
  strftime('%Y-%m-%dT%H:%M:%fZ', j.created_at / 1000.0, 'unixepoch') AS created_at,
  strftime('%Y-%m-%dT%H:%M:%fZ', j.updated_at / 1000.0, 'unixepoch') AS updated_at,
  j.error, j.result, j.ref, j.line, j.title, s.key AS space_key, j.undo_of, j.as_user
FROM job j
JOIN job_batch b ON b.id = j.batch_id
LEFT JOIN space s ON s.id = j.space_id;
