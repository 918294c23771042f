-- Where the audit begins: the last row that retention cut off. Rows up to it that are still there are
-- being removed and no longer count.
CREATE TABLE audit_anchor (
    id INTEGER NOT NULL PRIMARY KEY,
    sequence BIGINT NOT NULL,
    hash TEXT NOT NULL
);
INSERT INTO audit_anchor (id, sequence, hash) VALUES (1, 0, '');
