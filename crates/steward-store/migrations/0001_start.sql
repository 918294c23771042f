-- The first schema. Times are milliseconds since 1970 in BIGINT columns; JSON and words are TEXT.
-- Ids and names are checked again by the core types whenever they are read.

CREATE TABLE meta (
    key TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);

CREATE TABLE users (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    role TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
-- `Anna` and `anna` are one account.
CREATE UNIQUE INDEX users_name ON users (lower(name));

CREATE TABLE sessions (
    id TEXT NOT NULL PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    secret_hash TEXT NOT NULL UNIQUE,
    client TEXT NOT NULL,
    address TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    last_used_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX sessions_user ON sessions (user_id);
CREATE INDEX sessions_expiry ON sessions (expires_at);

CREATE TABLE tokens (
    id TEXT NOT NULL PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    secret_hash TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    role TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT,
    last_used_at BIGINT
);
CREATE INDEX tokens_user ON tokens (user_id);

CREATE TABLE devices (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    type TEXT NOT NULL,
    address TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

-- A removed deployment keeps its row: its secrets are needed to use its data again.
CREATE TABLE deployments (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    application TEXT NOT NULL,
    device_id TEXT NOT NULL REFERENCES devices (id),
    desired TEXT NOT NULL,
    revision INTEGER,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    removed_at BIGINT
);
-- A removed deployment leaves its name free.
CREATE UNIQUE INDEX deployments_name ON deployments (name) WHERE removed_at IS NULL;
CREATE INDEX deployments_device ON deployments (device_id);

-- The operation that made a revision may be forgotten before the revision is, so it is no reference.
CREATE TABLE revisions (
    deployment_id TEXT NOT NULL REFERENCES deployments (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    number INTEGER NOT NULL,
    definition TEXT NOT NULL,
    settings TEXT NOT NULL,
    ports TEXT NOT NULL,
    compose TEXT NOT NULL,
    operation_id TEXT NOT NULL,
    actor TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    activated_at BIGINT,
    PRIMARY KEY (deployment_id, number)
);

CREATE TABLE secrets (
    deployment_id TEXT NOT NULL,
    revision INTEGER NOT NULL,
    key TEXT NOT NULL,
    sealed BLOB NOT NULL,
    PRIMARY KEY (deployment_id, revision, key),
    FOREIGN KEY (deployment_id, revision) REFERENCES revisions (deployment_id, number)
        ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED
);

-- Operations outlive their deployment: they are its history. `sequence` is the order of acceptance.
CREATE TABLE operations (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    state TEXT NOT NULL,
    target TEXT NOT NULL,
    deployment_id TEXT,
    device_id TEXT NOT NULL,
    actor TEXT NOT NULL,
    request TEXT NOT NULL,
    plan TEXT NOT NULL,
    locks TEXT NOT NULL,
    changed INTEGER NOT NULL,
    created_at BIGINT NOT NULL,
    started_at BIGINT,
    finished_at BIGINT,
    current_step TEXT,
    failed_step TEXT,
    error TEXT,
    left_over TEXT NOT NULL,
    waiting TEXT,
    cancel_requested INTEGER NOT NULL
);
CREATE INDEX operations_deployment ON operations (deployment_id, sequence);
CREATE INDEX operations_state ON operations (state, sequence);
CREATE INDEX operations_kind ON operations (kind, sequence);

CREATE TABLE steps (
    operation_id TEXT NOT NULL REFERENCES operations (id) ON DELETE CASCADE,
    ordinal INTEGER NOT NULL,
    name TEXT NOT NULL,
    state TEXT NOT NULL,
    intent TEXT,
    started_at BIGINT,
    finished_at BIGINT,
    undone_at BIGINT,
    error TEXT,
    undo_note TEXT,
    PRIMARY KEY (operation_id, ordinal)
);

CREATE TABLE commands (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    operation_id TEXT NOT NULL REFERENCES operations (id) ON DELETE CASCADE,
    step INTEGER NOT NULL,
    undo INTEGER NOT NULL,
    device TEXT NOT NULL,
    argv TEXT NOT NULL,
    exit_code INTEGER,
    duration_ms BIGINT NOT NULL,
    output TEXT NOT NULL,
    started_at BIGINT NOT NULL
);
CREATE INDEX commands_operation ON commands (operation_id, sequence);

-- Deferred, so that an operation may take its locks before its own row is written, in one transaction.
CREATE TABLE locks (
    name TEXT NOT NULL PRIMARY KEY,
    operation_id TEXT NOT NULL REFERENCES operations (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED
);
CREATE INDEX locks_operation ON locks (operation_id);

CREATE TABLE idempotency (
    scope TEXT NOT NULL,
    key TEXT NOT NULL,
    digest TEXT NOT NULL,
    operation_id TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (scope, key)
);
CREATE INDEX idempotency_age ON idempotency (created_at);

CREATE TABLE audit (
    sequence INTEGER PRIMARY KEY,
    at BIGINT NOT NULL,
    actor TEXT NOT NULL,
    address TEXT NOT NULL,
    action TEXT NOT NULL,
    target TEXT NOT NULL,
    phase TEXT NOT NULL,
    operation_id TEXT,
    detail TEXT NOT NULL,
    hash TEXT NOT NULL
);
CREATE INDEX audit_actor ON audit (actor, sequence);
CREATE INDEX audit_action ON audit (action, sequence);
CREATE INDEX audit_target ON audit (target, sequence);

-- Where the chain ends, so that cutting off its last rows is noticed too.
CREATE TABLE audit_head (
    id INTEGER NOT NULL PRIMARY KEY,
    sequence BIGINT NOT NULL,
    hash TEXT NOT NULL
);
INSERT INTO audit_head (id, sequence, hash) VALUES (1, 0, '');
