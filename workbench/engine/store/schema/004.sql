-- Attempts whose artifacts are in store: the rows of `artifact` are then what is really there. `left_out` is a JSON list
-- of what was not taken and why, a sentence each.
CREATE TABLE collection (run BIGINT NOT NULL, attempt INTEGER NOT NULL, left_out TEXT NOT NULL);
