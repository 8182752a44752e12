-- Times are microseconds since 1970, UTC. Ids are text. Portable SQL: SQLite today, PostgreSQL when one machine is not enough.

CREATE TABLE areas (
  code   TEXT PRIMARY KEY,
  name   TEXT NOT NULL,
  parent TEXT REFERENCES areas (code)
);

CREATE TABLE people (
  id            TEXT PRIMARY KEY,
  username      TEXT NOT NULL UNIQUE,
  display_name  TEXT NOT NULL,
  role          TEXT NOT NULL,
  password_hash TEXT NOT NULL,
  created_at    BIGINT NOT NULL
);

-- Only hashes of what opens a door are kept.
CREATE TABLE sessions (
  token_hash TEXT PRIMARY KEY,
  person     TEXT NOT NULL REFERENCES people (id),
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL
);

CREATE TABLE setup_links (
  token_hash TEXT PRIMARY KEY,
  created_at BIGINT NOT NULL
);

CREATE TABLE nodes (
  id                TEXT PRIMARY KEY,
  hamlet            TEXT NOT NULL REFERENCES areas (code),
  name              TEXT NOT NULL,
  volume            INTEGER NOT NULL,
  emergency_volume  INTEGER NOT NULL,
  created_at        BIGINT NOT NULL,
  serial            TEXT,              -- of the certificate in force
  enrolled_at       BIGINT,
  revoked_at        BIGINT,
  generation        BIGINT NOT NULL DEFAULT 0,   -- of the newest plan made
  published         BIGINT NOT NULL DEFAULT 0,   -- of the newest plan handed to MQTT
  plan_body         TEXT NOT NULL DEFAULT '',    -- what the newest plan said, to see a change
  state             TEXT,
  heartbeat         TEXT,
  last_seen         BIGINT
);
CREATE INDEX nodes_hamlet ON nodes (hamlet);

CREATE TABLE claims (
  code_hash  TEXT PRIMARY KEY,
  node       TEXT NOT NULL REFERENCES nodes (id),
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  used_at    BIGINT
);

CREATE TABLE clips (
  hash         TEXT PRIMARY KEY,
  bytes        BIGINT NOT NULL,
  frames       BIGINT NOT NULL,
  loudness     DOUBLE PRECISION NOT NULL,
  true_peak    DOUBLE PRECISION NOT NULL,
  warnings     TEXT NOT NULL,
  created_at   BIGINT NOT NULL
);

CREATE TABLE bulletins (
  id         TEXT PRIMARY KEY,
  title      TEXT NOT NULL,
  language   TEXT NOT NULL,
  class      TEXT NOT NULL,
  text       TEXT,
  clip       TEXT NOT NULL REFERENCES clips (hash),
  created_at BIGINT NOT NULL,
  created_by TEXT NOT NULL REFERENCES people (id)
);
CREATE INDEX bulletins_created ON bulletins (created_at);

CREATE TABLE broadcasts (
  id              TEXT PRIMARY KEY,
  bulletin        TEXT NOT NULL REFERENCES bulletins (id),
  areas           TEXT NOT NULL,
  created_at      BIGINT NOT NULL,
  created_by      TEXT NOT NULL REFERENCES people (id),
  expires_at      BIGINT NOT NULL,
  idempotency_key TEXT,
  dispatched_at   BIGINT,              -- when MQTT had all of it
  stopped_at      BIGINT,
  UNIQUE (created_by, idempotency_key)
);
CREATE INDEX broadcasts_created ON broadcasts (created_at);

CREATE TABLE airings (
  id         TEXT PRIMARY KEY,
  broadcast  TEXT NOT NULL REFERENCES broadcasts (id),
  node       TEXT NOT NULL REFERENCES nodes (id),
  status     TEXT NOT NULL,
  reason     TEXT,
  settled    INTEGER NOT NULL DEFAULT 0,  -- by the node's own receipt
  sent_at    BIGINT NOT NULL,
  started_at BIGINT,
  ended_at   BIGINT,
  frames     BIGINT
);
CREATE INDEX airings_broadcast ON airings (broadcast);
CREATE INDEX airings_open ON airings (status, sent_at);
