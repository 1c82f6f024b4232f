-- What machines did, of times whose samples are thinned: one row a span (microseconds that it stands for) and part of a
-- machine, which is `machine`, `gpus` (all together) or a GPU's UUID. Means beside peaks, since neither can be made from
-- the other. NULL is what nobody told.
CREATE TABLE load (
    machine     TEXT NOT NULL,
    part        TEXT NOT NULL,
    time        BIGINT NOT NULL,
    span        BIGINT NOT NULL,
    use         DOUBLE,
    use_peak    DOUBLE,
    memory      DOUBLE,
    memory_peak DOUBLE
);
