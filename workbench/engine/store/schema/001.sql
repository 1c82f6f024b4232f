-- Times are microseconds since the epoch, UTC, as BIGINT; sizes are bytes. No foreign keys: with one, DuckDB refuses
-- to update the parent row. Only `run` has an index; everything else is found by its order on disk.

-- One row a run. `body` is what was asked and frozen, as protocol/runs.py writes it, less the columns that move;
-- `detail` is what is true in the present status alone.
CREATE TABLE run (
    seq         BIGINT PRIMARY KEY,
    id          TEXT NOT NULL,
    name        TEXT NOT NULL,
    project     TEXT NOT NULL,
    directory   TEXT NOT NULL,
    user        TEXT NOT NULL,
    submitted   BIGINT NOT NULL,
    command     TEXT NOT NULL,
    sweep       TEXT NOT NULL,
    snapshot    TEXT NOT NULL,
    commit      TEXT NOT NULL,
    environment TEXT NOT NULL,
    body        TEXT NOT NULL,
    status      TEXT NOT NULL,
    priority    INTEGER NOT NULL,
    position    DOUBLE NOT NULL,
    machine     TEXT,
    started     BIGINT,
    ended       BIGINT,
    exit_code   INTEGER,
    cpu_seconds DOUBLE,
    peak_memory BIGINT,
    attempts    INTEGER NOT NULL,
    retried     INTEGER NOT NULL,
    detail      TEXT NOT NULL
);

-- What a run was given (`ask`), and what its code has logged about itself (`config`).
CREATE TABLE param (
    run    BIGINT NOT NULL,
    key    TEXT NOT NULL,
    value  TEXT NOT NULL,
    number DOUBLE,
    source TEXT NOT NULL
);

CREATE TABLE tag (run BIGINT NOT NULL, tag TEXT NOT NULL);

-- Append only; seq has no gaps.
CREATE TABLE event (
    seq    BIGINT NOT NULL,
    time   BIGINT NOT NULL,
    run    BIGINT NOT NULL,
    kind   TEXT NOT NULL,
    who    TEXT NOT NULL,
    detail TEXT NOT NULL
);

-- How far each attempt's metrics file is read: written with the points that were read.
CREATE TABLE reading (
    run             BIGINT NOT NULL,
    attempt         INTEGER NOT NULL,
    bytes           BIGINT NOT NULL,
    malformed       BIGINT NOT NULL,
    first_malformed TEXT NOT NULL
);

-- Points arrive interleaved in `recent`, and move to `point` run by run when their run is over: one run's points lie
-- together there, so a series is read by skipping all the rest.
CREATE TABLE point (
    run     BIGINT NOT NULL,
    attempt INTEGER NOT NULL,
    key     TEXT NOT NULL,
    step    BIGINT NOT NULL,
    time    BIGINT NOT NULL,
    value   DOUBLE NOT NULL
);
CREATE TABLE recent (
    run     BIGINT NOT NULL,
    attempt INTEGER NOT NULL,
    key     TEXT NOT NULL,
    step    BIGINT NOT NULL,
    time    BIGINT NOT NULL,
    value   DOUBLE NOT NULL
);

-- One row a run and key, kept up to date with the points. min and max are of the finite values, NaN where there is none.
CREATE TABLE metric (
    run   BIGINT NOT NULL,
    key   TEXT NOT NULL,
    last  DOUBLE NOT NULL,
    min   DOUBLE NOT NULL,
    max   DOUBLE NOT NULL,
    step  BIGINT NOT NULL,
    count BIGINT NOT NULL
);

CREATE TABLE artifact (
    run     BIGINT NOT NULL,
    attempt INTEGER NOT NULL,
    name    TEXT NOT NULL,
    path    TEXT NOT NULL,
    size    BIGINT NOT NULL,
    sha256  TEXT NOT NULL
);

CREATE TABLE sample (machine TEXT NOT NULL, time BIGINT NOT NULL, body TEXT NOT NULL);

-- What people query: readable names, times as UTC timestamps.
CREATE VIEW runs AS
SELECT seq, id, name, status, project, user, machine, command, priority, exit_code,
       make_timestamp(submitted) AS submitted, make_timestamp(started) AS started, make_timestamp(ended) AS ended,
       (ended - started) / 1e6 AS seconds, cpu_seconds, peak_memory, attempts, retried,
       CAST(json_extract_string(body, '$.tags[*]') AS TEXT[]) AS tags,
       sweep, directory, snapshot, commit, environment, detail
FROM run;

CREATE VIEW metrics AS
SELECT run.id AS run, run.name, key, last, min, max, step, count FROM metric JOIN run ON run.seq = metric.run;

CREATE VIEW points AS
SELECT run.id AS run, run.name, attempt, key, step, make_timestamp(time) AS time, value
FROM (FROM point UNION ALL FROM recent) AS point JOIN run ON run.seq = point.run;

CREATE VIEW params AS
SELECT run.id AS run, run.name, key, value, number, source FROM param JOIN run ON run.seq = param.run;

CREATE VIEW events AS
SELECT event.seq, make_timestamp(time) AS time, run.id AS run, run.name, kind, who, event.detail
FROM event JOIN run ON run.seq = event.run;

CREATE VIEW artifacts AS
SELECT run.id AS run, run.name, attempt, artifact.name AS artifact, path, size, sha256
FROM artifact JOIN run ON run.seq = artifact.run;
