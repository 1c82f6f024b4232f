-- Runs whose end somebody wants to be told of, and who; the row goes when that was done.
CREATE TABLE notice (run BIGINT NOT NULL, asked_by TEXT NOT NULL);
