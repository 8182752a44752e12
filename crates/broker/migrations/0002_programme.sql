-- The daily programme: timetables, policies, the stop latch, what comes from above.

-- A broadcast without a timetable is aired when it is made. With one it is part of the programme.
ALTER TABLE broadcasts ADD COLUMN timetable  TEXT;                          -- JSON, as in a plan
ALTER TABLE broadcasts ADD COLUMN time_zone  TEXT;                          -- of the timetable
ALTER TABLE broadcasts ADD COLUMN repeats    INTEGER NOT NULL DEFAULT 1;
ALTER TABLE broadcasts ADD COLUMN gap_s      BIGINT NOT NULL DEFAULT 0;
ALTER TABLE broadcasts ADD COLUMN catch_up_s BIGINT NOT NULL DEFAULT 600;
ALTER TABLE broadcasts ADD COLUMN position   BIGINT NOT NULL DEFAULT 0;     -- the commune's order among colliding equals, least first
ALTER TABLE broadcasts ADD COLUMN resume     INTEGER NOT NULL DEFAULT 0;
ALTER TABLE broadcasts ADD COLUMN exceeds    TEXT NOT NULL DEFAULT '[]';    -- JSON, limits lifted
ALTER TABLE broadcasts ADD COLUMN since      BIGINT;                        -- when what makes its airings last changed
ALTER TABLE broadcasts ADD COLUMN changed_at BIGINT;                        -- when anything of it last changed
ALTER TABLE broadcasts ADD COLUMN retired_at BIGINT;                        -- taken out of the programme
ALTER TABLE broadcasts ADD COLUMN retired_by TEXT REFERENCES people (id);
ALTER TABLE broadcasts ADD COLUMN inbox_item TEXT;                          -- the item from above that it airs
CREATE INDEX broadcasts_programme ON broadcasts (retired_at) WHERE timetable IS NOT NULL;

-- An airing by timetable is written down when its nominal start comes, so that later changes of the programme don't change what was expected.
ALTER TABLE airings ADD COLUMN start_at   BIGINT;                           -- nominal; none: the broadcast's creation
ALTER TABLE airings ADD COLUMN expires_at BIGINT;                           -- none: the broadcast's expiry
CREATE INDEX airings_start ON airings (start_at);

-- What the programme job has done: until when airings were written down.
CREATE TABLE marks (
  name TEXT PRIMARY KEY,
  at   BIGINT NOT NULL
);

-- One policy an area at most; what is in force is tightened downwards.
CREATE TABLE policies (
  area       TEXT PRIMARY KEY REFERENCES areas (code),
  policy     TEXT NOT NULL,                                                 -- JSON, as in a plan
  exceeders  TEXT NOT NULL DEFAULT '[]',                                    -- JSON: [{"person": id, "limits": [...]}]
  changed_at BIGINT NOT NULL,
  changed_by TEXT NOT NULL REFERENCES people (id)
);

-- *Dừng tất cả*, until a person releases it. Kept when released: who stopped and who released what, when.
CREATE TABLE latches (
  id          TEXT PRIMARY KEY,
  area        TEXT NOT NULL REFERENCES areas (code),
  since       BIGINT NOT NULL,
  set_by      TEXT NOT NULL REFERENCES people (id),
  released_at BIGINT,
  released_by TEXT REFERENCES people (id)
);
CREATE INDEX latches_open ON latches (area) WHERE released_at IS NULL;

-- Who may send from above: a province's or the centre's system, with a credential of its own. `person` stands in the records of what it airs.
CREATE TABLE sources (
  id         TEXT PRIMARY KEY,
  name       TEXT NOT NULL,
  area       TEXT NOT NULL REFERENCES areas (code),                         -- it may send to this area and those within
  token_hash TEXT NOT NULL UNIQUE,
  person     TEXT NOT NULL REFERENCES people (id),
  created_at BIGINT NOT NULL,
  revoked_at BIGINT
);

-- What came from above (Circular 39/2020/TT-BTTTT).
CREATE TABLE inbox (
  id          TEXT PRIMARY KEY,
  source      TEXT NOT NULL REFERENCES sources (id),
  reference   TEXT NOT NULL,                                                -- the sender's name for it: sent twice, it is there once
  bulletin    TEXT NOT NULL REFERENCES bulletins (id),
  areas       TEXT NOT NULL,
  received_at BIGINT NOT NULL,
  expires_at  BIGINT,
  status      TEXT NOT NULL,                                                -- waiting, queued, scheduled, aired, declined, expired
  broadcast   TEXT REFERENCES broadcasts (id),
  decided_at  BIGINT,
  decided_by  TEXT REFERENCES people (id),
  remark      TEXT,                                                         -- why it was declined
  UNIQUE (source, reference)
);
CREATE INDEX inbox_received ON inbox (received_at);

-- Secret addresses of calendar feeds; only the hash is kept.
CREATE TABLE calendars (
  id         TEXT PRIMARY KEY,
  token_hash TEXT NOT NULL UNIQUE,
  area       TEXT NOT NULL REFERENCES areas (code),
  created_at BIGINT NOT NULL,
  created_by TEXT NOT NULL REFERENCES people (id),
  revoked_at BIGINT
);
