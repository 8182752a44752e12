-- The certificate that a node showed when it renewed it: good until it ends, in case the answer was lost.
ALTER TABLE nodes ADD COLUMN previous_serial TEXT;
