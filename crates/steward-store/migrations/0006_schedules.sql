-- Schedules, and what came of each due time. Times are milliseconds since 1970, as everywhere.

-- The owner's account may go; the schedule stays, and is refused.
CREATE TABLE schedules (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    request TEXT NOT NULL,
    cron TEXT NOT NULL,
    time_zone TEXT NOT NULL,
    window_minutes INTEGER NOT NULL,
    jitter_seconds INTEGER NOT NULL,
    overlap TEXT NOT NULL,
    catch_up INTEGER NOT NULL,
    enabled INTEGER NOT NULL,
    owner_id TEXT NOT NULL,
    owner TEXT NOT NULL,
    version INTEGER NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    since BIGINT NOT NULL
);

-- One row for each due time: written with the operation, in one transaction.
CREATE TABLE schedule_runs (
    schedule_id TEXT NOT NULL REFERENCES schedules (id) ON DELETE CASCADE,
    due_at BIGINT NOT NULL,
    decided_at BIGINT NOT NULL,
    outcome TEXT NOT NULL,
    operation_id TEXT,
    refusal TEXT,
    missed_before INTEGER NOT NULL,
    PRIMARY KEY (schedule_id, due_at)
);
CREATE INDEX schedule_runs_operation ON schedule_runs (operation_id);
