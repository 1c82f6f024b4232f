-- The machines that the workbench was told of. `local` is among them only where something was said of it.
CREATE TABLE machine (
    name     TEXT NOT NULL,
    address  TEXT NOT NULL,
    root     TEXT NOT NULL,
    rate     DOUBLE NOT NULL,
    labels   TEXT[] NOT NULL,
    cpus     INTEGER NOT NULL,
    memory   BIGINT NOT NULL,
    draining BOOLEAN NOT NULL
);
