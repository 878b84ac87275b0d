"""The tables, as a row of migrations: what each version of the file adds to the one before.

A migration that was released never changes. The journal is one table that only grows at its end, whatever execution a row
is of: a transaction then touches few pages, where a table in the order of executions would touch one for each of them.
"""

from __future__ import annotations

from typing import Final

APPLICATION_ID: Final = 0x50454E53
"""`PENS`, in the file's header: which SQLite files are ours."""

_FIRST: Final = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value) WITHOUT ROWID;

-- Definitions that executions run, each once.
CREATE TABLE definitions (id INTEGER PRIMARY KEY, hash TEXT NOT NULL UNIQUE, text TEXT NOT NULL);

CREATE TABLE executions (
    id INTEGER PRIMARY KEY,             -- counts executions in the order of their starts
    arn TEXT NOT NULL UNIQUE,
    owner TEXT NOT NULL,                -- ARN of the state machine, or of the Map Run whose child it is
    name TEXT NOT NULL,
    type TEXT NOT NULL,
    status TEXT NOT NULL,
    definition INTEGER NOT NULL,        -- definitions.id
    processor TEXT,                     -- the distributed Map whose processor it runs; NULL for a whole machine
    about TEXT NOT NULL,                -- JSON: what never changes and nobody searches for
    record TEXT,                        -- JSON: what the service knows of its start
    input BLOB NOT NULL,                -- JSON text, as all values here
    output BLOB,
    error TEXT,
    cause TEXT,
    started REAL NOT NULL,
    stopped REAL,
    redriven REAL,
    redrive_count INTEGER NOT NULL DEFAULT 0,
    events INTEGER NOT NULL DEFAULT 0,  -- how many history events there are, when it closed
    parent INTEGER,                     -- executions.id of the one whose Map or Task started it
    child INTEGER,                      -- the number it has there
    run INTEGER,                        -- the Map Run's number there; NULL where a Task started it
    items INTEGER NOT NULL DEFAULT 1,
    recoveries INTEGER NOT NULL DEFAULT 0,  -- in a row, without a turn between them
    recovered INTEGER NOT NULL DEFAULT 0,   -- its last turn at the last recovery
    parked TEXT                         -- why it was left alone at the last recovery
);
CREATE INDEX executions_by_owner ON executions (owner, id);
CREATE INDEX executions_by_parent ON executions (parent, child) WHERE parent IS NOT NULL;
CREATE INDEX executions_running ON executions (id) WHERE status = 'RUNNING';
CREATE INDEX executions_by_end ON executions (stopped) WHERE stopped IS NOT NULL;

-- What the core was told, and the history events that came of it. Append-only.
CREATE TABLE journal (
    seq INTEGER PRIMARY KEY,
    execution INTEGER NOT NULL,
    turn INTEGER NOT NULL,
    at REAL NOT NULL,
    event BLOB NOT NULL,
    first INTEGER NOT NULL,             -- id of the first history event
    records BLOB                        -- NULL where there were none
);
CREATE UNIQUE INDEX journal_of ON journal (execution, first, turn);

-- Where a recovery can begin instead of at the first turn.
CREATE TABLE snapshots (execution INTEGER PRIMARY KEY, turn INTEGER NOT NULL, events INTEGER NOT NULL, data BLOB NOT NULL);

CREATE TABLE map_runs (
    arn TEXT PRIMARY KEY, execution INTEGER NOT NULL, number INTEGER NOT NULL, data TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX map_runs_of ON map_runs (execution, number);

-- State machines, versions, aliases, tags, activities, functions.
CREATE TABLE records (
    kind TEXT NOT NULL, arn TEXT NOT NULL, owner TEXT NOT NULL, number INTEGER NOT NULL, data TEXT NOT NULL,
    PRIMARY KEY (kind, arn)
) WITHOUT ROWID;
CREATE INDEX records_of ON records (kind, owner, number);
"""

_SECOND: Final = """
-- What an execution was started by, beside its owner.
ALTER TABLE executions ADD COLUMN version TEXT;
ALTER TABLE executions ADD COLUMN alias TEXT;
UPDATE executions SET version = json_extract(record, '$.version_arn'), alias = json_extract(record, '$.alias_arn')
    WHERE record LIKE '%"version_arn"%' OR record LIKE '%"alias_arn"%';

-- Executions with numbers up to `after` are of an earlier machine of its name.
UPDATE records SET data = json_set(data, '$.after', coalesce((SELECT max(id) FROM executions
    WHERE owner = records.arn AND started < json_extract(records.data, '$.created')), 0)) WHERE kind = 'machine';

-- One index for listings by any filter takes the place of two: an execution's beginning and its end cost what they did.
DROP INDEX executions_by_owner;
DROP INDEX executions_running;
CREATE INDEX executions_by_status ON executions (status, owner, redrive_count > 0);
CREATE INDEX executions_by_version ON executions (version, status, redrive_count > 0) WHERE version IS NOT NULL;
CREATE INDEX executions_by_alias ON executions (alias, status, redrive_count > 0) WHERE alias IS NOT NULL;

-- Map Runs' children go with their parents, and run what these run.
DROP INDEX executions_by_end;
CREATE INDEX executions_by_end ON executions (stopped) WHERE stopped IS NOT NULL AND run IS NULL;
CREATE INDEX executions_by_definition ON executions (definition) WHERE run IS NULL;
"""

_THIRD: Final = """
-- Asynchronous calls of functions that have not ended, and records of ended ones that have not been delivered.
CREATE TABLE lambda_events (
    id INTEGER PRIMARY KEY,             -- counts them in the order of their acceptance
    function TEXT NOT NULL,             -- qualified ARN: what is called, or was
    invoked TEXT NOT NULL,              -- the ARN that was asked for
    destination TEXT,                   -- ARN of where the record goes; NULL for a call
    request TEXT NOT NULL,              -- the request's id
    payload BLOB NOT NULL,
    more TEXT NOT NULL,                 -- JSON: the client context, or a dead letter's attributes
    accepted REAL NOT NULL,
    due REAL NOT NULL,
    attempts INTEGER NOT NULL,          -- that have ended
    returned INTEGER NOT NULL           -- times it came back without one: throttled, or cut off by the end of a process
);
"""

MIGRATIONS: Final[tuple[str, ...]] = (_FIRST, _SECOND, _THIRD)
