-- What an installer finds and signs at a pole. One that is signed is never changed: whoever goes there again begins another.
CREATE TABLE commissionings (
  id         TEXT PRIMARY KEY,
  node       TEXT NOT NULL REFERENCES nodes (id),
  sheet      TEXT NOT NULL,                          -- JSON: what was found, and which items of the checklist were ticked, by whom, when
  photo      TEXT,                                   -- SHA-256 of a JPEG in the folder photos
  test       TEXT REFERENCES broadcasts (id),        -- the last spoken test
  changed_at BIGINT NOT NULL,
  changed_by TEXT NOT NULL REFERENCES people (id),
  signed_at  BIGINT,
  signed_by  TEXT REFERENCES people (id),
  figures    TEXT                                    -- JSON: how the node was when it was signed
);
CREATE INDEX commissionings_node ON commissionings (node, changed_at);
CREATE UNIQUE INDEX commissionings_open ON commissionings (node) WHERE signed_at IS NULL;

-- Only this node of the areas; all of them when absent.
ALTER TABLE broadcasts ADD COLUMN node TEXT REFERENCES nodes (id);
