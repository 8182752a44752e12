-- Who did what, from where. Each record carries the hash of the one before: see `audit` in the sources.

CREATE TABLE audit (
  seq      INTEGER PRIMARY KEY,
  at       BIGINT NOT NULL,
  actor    TEXT,                       -- a person's or a source's id; none: the broker itself, a node, or the command line
  name     TEXT NOT NULL,              -- what others see of whoever did it, as it was then
  address  TEXT,                       -- where it came from
  action   TEXT NOT NULL,
  object   TEXT NOT NULL,
  details  TEXT NOT NULL,              -- JSON
  previous TEXT NOT NULL,
  hash     TEXT NOT NULL
);
CREATE INDEX audit_actor ON audit (actor, seq);
CREATE TRIGGER audit_kept    BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER audit_written BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
