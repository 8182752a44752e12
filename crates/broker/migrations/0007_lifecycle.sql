-- A node may move to another hamlet, get new hardware, and be taken out of service.

ALTER TABLE nodes ADD COLUMN homed_at   BIGINT;   -- when it came to its hamlet from another; none: it was put up there
ALTER TABLE nodes ADD COLUMN retired_at BIGINT;   -- taken out of service; a new enrolment ends it
-- Where the node stood, if it has moved since: what was aired there stays in the reports of that place.
ALTER TABLE airings ADD COLUMN hamlet TEXT REFERENCES areas (code);
