-- Releases of the agent, and how far each is rolled out.

-- A version's program for one kind of machine. Its file lies beside the database, named by its SHA-256; what nodes believe is the manifest.
CREATE TABLE releases (
  version      TEXT NOT NULL,
  target       TEXT NOT NULL,
  sha256       TEXT NOT NULL,
  bytes        BIGINT NOT NULL,
  manifest     TEXT NOT NULL,                -- as it was signed
  not_after    BIGINT NOT NULL,
  added_at     BIGINT NOT NULL,
  withdrawn_at BIGINT,
  PRIMARY KEY (version, target)
);

-- The newest row that hasn't ended is the roll-out that goes on.
CREATE TABLE rollouts (
  id         TEXT PRIMARY KEY,
  version    TEXT NOT NULL,
  first_node TEXT NOT NULL REFERENCES nodes (id),
  percent    INTEGER NOT NULL,               -- of the nodes, in the second stage
  stage      TEXT NOT NULL,                  -- first, share, all
  started_at BIGINT NOT NULL,
  started_by TEXT NOT NULL REFERENCES people (id),
  halted_at  BIGINT,
  halted_for TEXT REFERENCES nodes (id),     -- the node that went back; none: a person halted it
  excused    TEXT NOT NULL DEFAULT '[]',     -- JSON: nodes whose going back halts it no more
  ended_at   BIGINT
);
CREATE INDEX rollouts_open ON rollouts (started_at) WHERE ended_at IS NULL;
