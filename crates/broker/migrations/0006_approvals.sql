-- What people decided about bulletins.

-- Without a row a bulletin is a draft. A decision holds for the clip that it names and for no other.
CREATE TABLE approvals (
  bulletin     TEXT PRIMARY KEY REFERENCES bulletins (id),
  state        TEXT NOT NULL,                                              -- submitted, approved, returned
  areas        TEXT NOT NULL DEFAULT '[]',                                 -- JSON: where its maker means it to air
  submitted_at BIGINT,
  submitted_by TEXT REFERENCES people (id),
  decided_at   BIGINT,
  decided_by   TEXT REFERENCES people (id),
  clip         TEXT,                                                       -- what was approved
  reach        TEXT,                                                       -- JSON: where; none: everywhere
  remark       TEXT                                                        -- why it was returned
);
CREATE INDEX approvals_waiting ON approvals (submitted_at) WHERE state = 'submitted';
-- What there was aired on its maker's word alone.
INSERT INTO approvals (bulletin, state, decided_at, decided_by, clip)
  SELECT id, 'approved', created_at, created_by, clip FROM bulletins;

-- Who may approve what they made themselves, in an area and those within. JSON: ids of people.
ALTER TABLE policies ADD COLUMN own_approvers TEXT NOT NULL DEFAULT '[]';
