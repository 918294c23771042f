-- Roles that accounts have on one device or one deployment, beyond their own.
CREATE TABLE grants (
    id TEXT NOT NULL PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    device_id TEXT REFERENCES devices (id) ON DELETE CASCADE,
    deployment_id TEXT REFERENCES deployments (id) ON DELETE CASCADE,
    role TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    CHECK ((device_id IS NULL) <> (deployment_id IS NULL))
);
CREATE UNIQUE INDEX grants_device ON grants (user_id, device_id) WHERE device_id IS NOT NULL;
CREATE UNIQUE INDEX grants_deployment ON grants (user_id, deployment_id) WHERE deployment_id IS NOT NULL;

-- Where a token can be used, as JSON; everywhere when absent. Kept as written: a token for a
-- deployment that is gone is a token for nothing.
ALTER TABLE tokens ADD COLUMN scopes TEXT;
