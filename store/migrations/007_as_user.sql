-- On whose behalf a job is written; '' is the connection's own identity.
ALTER TABLE job ADD COLUMN as_user TEXT NOT NULL DEFAULT '';
