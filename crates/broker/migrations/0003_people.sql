-- What people may do where, links by which they come, and their sessions.

-- What stands in records: a person, or a system from above that can't sign in.
ALTER TABLE people RENAME COLUMN role TO kind;
UPDATE people SET kind = 'person' WHERE kind = 'admin';
ALTER TABLE people ADD COLUMN deactivated_at BIGINT;
-- The second step at sign-in (RFC 6238). The secret itself is not here: it is derived from this salt and a key outside the database.
ALTER TABLE people ADD COLUMN totp_salt  TEXT;
ALTER TABLE people ADD COLUMN totp_since BIGINT;                             -- when it was confirmed; none: not in force
ALTER TABLE people ADD COLUMN totp_step  BIGINT NOT NULL DEFAULT 0;          -- of the newest code that was used: none is taken twice

-- A role in an area and all within it; without an area, everywhere.
CREATE TABLE grants (
  person TEXT NOT NULL REFERENCES people (id),
  role   TEXT NOT NULL,
  area   TEXT REFERENCES areas (code)
);
CREATE INDEX grants_person ON grants (person);
-- Whoever could sign in could do everything.
INSERT INTO grants (person, role, area) SELECT id, 'admin', NULL FROM people WHERE kind = 'person';

-- One-time links: an invitation makes a person, a reset gives one a new password.
CREATE TABLE person_links (
  id         TEXT PRIMARY KEY,
  token_hash TEXT NOT NULL UNIQUE,
  person     TEXT REFERENCES people (id),                                    -- whose password; none: an invitation
  grants     TEXT NOT NULL,                                                  -- JSON: what who accepts may do
  created_at BIGINT NOT NULL,
  created_by TEXT NOT NULL REFERENCES people (id),
  expires_at BIGINT NOT NULL
);

CREATE TABLE recovery_codes (
  code_hash TEXT PRIMARY KEY,
  person    TEXT NOT NULL REFERENCES people (id)
);
CREATE INDEX recovery_codes_person ON recovery_codes (person);

-- Everybody signs in once more: these say where from, by what, and when last.
DROP TABLE sessions;
CREATE TABLE sessions (
  id         TEXT PRIMARY KEY,
  token_hash TEXT NOT NULL UNIQUE,
  person     TEXT NOT NULL REFERENCES people (id),
  created_at BIGINT NOT NULL,
  seen_at    BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  address    TEXT NOT NULL,
  browser    TEXT NOT NULL
);
CREATE INDEX sessions_person ON sessions (person);
