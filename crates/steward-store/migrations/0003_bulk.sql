-- An operation on many targets is the parent of one operation for each.
ALTER TABLE operations ADD COLUMN parent_id TEXT REFERENCES operations (id) ON DELETE SET NULL;
CREATE INDEX operations_parent ON operations (parent_id, sequence) WHERE parent_id IS NOT NULL;

-- One row for each target; it names its operation, or says why there is none.
CREATE TABLE targets (
    parent_id TEXT NOT NULL REFERENCES operations (id) ON DELETE CASCADE,
    ordinal INTEGER NOT NULL,
    deployment_id TEXT NOT NULL,
    name TEXT NOT NULL,
    operation_id TEXT,
    refusal TEXT,
    PRIMARY KEY (parent_id, ordinal)
);
