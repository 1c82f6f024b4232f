"""What clients and engine say to each other: JSON-RPC 2.0, one object a line, over a Unix socket. No sockets here.

Imports only json, so that a prompt pays nothing for it. `messages` has the frames, `runs` the run's own form.

The first request on a connection is `hello`; anything else before it is refused. Then, verb by verb (the
names are those of the command line and of engine/handlers):

    hello        {protocol, version}                     -> {protocol, version, pid, started}
    status       {}                                      -> {pid, version, started, socket, history, history_bytes,
                                                             health, counts: {status: n}, clients}
    stop         {}                                      -> {}
    submit       Submission                              -> {count, ids, names, runs: first 100 Run}
    runs         {filter?, order?, limit?, offset?, project?}
                                                         -> {total, counts: {status: n}, metric: of the project that
                                                             the rows are all of, "" where it names none,
                                                             rows: [{run, metrics, waits?, notify?, after?}]}
                                                            after: {id: name} of the runs that it comes after
    show         {run}                                   -> {run, metrics: {key: {last, min, max, step, count}},
                                                             metric: its project's, "" where that names none,
                                                             after: as above,
                                                             events: [{at, kind, by, detail}], malformed, files,
                                                             artifacts: [{name, path, size, sha256, stored}],
                                                             collecting: null or {text, moving},
                                                             use: null or Use, waiting, notify: bool, warnings: [text]}
    logs         {run, offset?, limit?, wait?}           -> {run, offset, next, size, text, over}
                                                            offset < 0: from the end; wait: seconds to wait for more
    logs_find    {run, pattern? or trouble?, offset, back?, invert?, count?}
                                                         -> {hits: [[offset, text, start, end]], next, size, done}
                                                            one step of a search, of a second at most: the lines that
                                                            fit from offset on, or with back those that begin before
                                                            it; `next` is where to go on. trouble: errors, tracebacks
    replay       {since, until, after?, limit?}          -> {events: [Happening], next}: from one moment to another, at
                                                            most 2,000; next: ask again with it as `after`, or null
    replay_runs  {since, until, after?, limit?}          -> {total, runs: [{run, metrics: {key: last}, events:
                                                            [[at, kind, by]]}], next}: those that were there in that
                                                            time as they are by now, at most 1,000; next: as above
    replay_samples {machine, since, until, every?}       -> {machine, samples: [Sample]}: one of each `every` micros
    pull         {run, name, offset?, limit?}            -> {name, size, sha256, offset, data}: some bytes of an
                                                            artifact, in base64
    wait         {run, seconds?}                         -> {run, progress}, when it is over (or the seconds
                                                            are)
    cancel       {runs: [R]}                             -> {runs: [Run]}
    hold         {runs: [R]}                             -> {runs: [Run]}
    release      {runs: [R]}                             -> {runs: [Run]}
    notify       {runs: [R], off?}                       -> {runs: [Run], wanted: bool}
    rerun        {run, hold?}                            -> {runs: [Run]}
    edit         {run, ask: partial Ask}                 -> {run}
    move         {run, to: top | bottom | before R | after R}   -> {run}
    explain      {run}                                   -> {run, why: {kind, text, until}, progress: null or
                                                            Progress}
    compare      {runs: [R]}                             -> {runs: [Run], params: {key: [value]}, same: {key: value},
                                                             metrics: {key: [last]}, best: {key: [value]},
                                                             goals: {key: {goal: max | min, declared}},
                                                             config: {key: [text]}, code: [...], environment: [...]}
                                                            of 2 to 50 runs, null where one has none. A metric without
                                                            a goal has its last value as its best
    compare_code {base, run}                             -> {base: Code, run: Code, text: a diff as git writes it,
                                                             files: [{path, how: added | removed | changed}],
                                                             count: of the files, included: of them in the text}
    compare_environment {base, run}                      -> {base: {id, python, origin}, run: {...}, same: n,
                                                             packages: [{name, base, run: version or null}]}
    series       {runs: [R], keys: [k], points?, first?, last?, bands?}
                                                         -> {series: [{run, key, steps, times, values, lows?, highs?}]}
                                                            first, last: steps, of a stretch. bands: where there are
                                                            more than points, means, their lows and highs beside them
    usage        {run, points?}                          -> {run, usage: [Use]}: of its last attempt, in order of time
    diff         {run}                                   -> {text}: the uncommitted changes it was submitted with
    machines     {name?}                                 -> {machines: [Machine]}
    samples      {machine, since, until?, points?}       -> {machine, since, until, every, parts: {part: {use: Course,
                                                             memory: Course}}}: how busy it was, in buckets
    machines_add {name, address?, root?, rate?, labels?, cpus?, memory?, fingerprints?}
                                                         -> {machine, probe, warnings}
    machines_check  {name, fingerprints?}                -> {machine, probe, warnings}: looked at anew
    machines_drain  {name}                               -> {machine}: nothing new goes there
    machines_resume {name}                               -> {machine}: as if nothing had been
    machines_remove {name, lost?}                        -> {}
    projects     {}                                      -> {projects: [Project]}
    sql          {query, seconds?, rows?}                -> {columns, rows, truncated}
    environments {}                                      -> {environments: [{id, path, bytes, used, needed}]}
    prune        {}                                      -> {removed: [id], bytes}
    subscribe    {topics: [runs | metrics | machines | waits | notices]}  -> {}

probe is {hostname, user, python, kernel, root, scheduler, round_trip: ms, clock: seconds ahead, fingerprint}, null for
the engine's own machine. fingerprints are those of host keys that a person has approved: without them an unknown key
is the error `host-key-unknown`, whose evidence has the fingerprint.

Progress is {what, done, total, unit}: total is 0 where nobody knows; unit is packages, wheels, bytes, ...

Happening is {seq, at, kind, by, run, name, project, user, status, exit_code, machine}: status, exit code and machine
are those of the run by now, machine null where it had several attempts.

Use is {at, cores, memory, gpus, gpu_memory}: what a run takes at one moment, its GPUs' use summed.

A part of a machine is `machine` (its cores and memory), `gpus` (all its GPUs together) or a GPU's UUID. Course is
{at: [micros], avg, peak, p95: [number], whole: null or {avg, peak, p95}}; a bucket without samples is left out. Moments
are micros, `every` the length of a bucket. domain/load.py says what the figures mean.

R is a run's id, its name, a number (`12` or `#12`), or any unambiguous prefix of id or name.

Notifications, to subscribers only:
    changed  {changes: [{kind, at, by, run}]}
    metrics  {runs: {id: {key: last}}}
    machines {machines: [Machine], gone?: [name]}
    waits    {runs: {id: text}}
    notice   {run, name, project, user, status, exit_code, machine, seconds, reason, text}   it is over
    progress {runs: {id: Progress}}        how far the preparing of these has come
    dropped  {reason}                      the last line that a slow subscriber gets

NaN and the infinities travel as the strings "NaN", "Infinity" and "-Infinity": JSON has no others.
"""

from __future__ import annotations

VERSION = 1
"""Of the protocol. Raised when an older client could misread an answer."""

MAX_FRAME = 16 * 1024 * 1024
"""Bytes of one line, both ways."""
