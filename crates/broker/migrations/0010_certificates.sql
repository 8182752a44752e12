-- The certificates of a node that count. Those given before one that it has shown don't.
CREATE TABLE node_certificates (
    node TEXT NOT NULL REFERENCES nodes (id),
    serial TEXT NOT NULL,
    -- Fingerprint of the CA that made it; empty when that wasn't written down yet.
    ca TEXT NOT NULL,
    given_at INTEGER NOT NULL,
    shown INTEGER NOT NULL,
    PRIMARY KEY (node, serial)
);
INSERT INTO node_certificates (node, serial, ca, given_at, shown)
    SELECT id, previous_serial, '', enrolled_at, 1 FROM nodes WHERE previous_serial IS NOT NULL AND enrolled_at IS NOT NULL;
INSERT OR IGNORE INTO node_certificates (node, serial, ca, given_at, shown)
    SELECT id, serial, '', enrolled_at + 1, 0 FROM nodes WHERE serial IS NOT NULL AND enrolled_at IS NOT NULL;
ALTER TABLE nodes DROP COLUMN previous_serial;
ALTER TABLE nodes DROP COLUMN serial;
