-- How often an operation was taken over by a new process since it last was at rest or in good hands.
ALTER TABLE operations ADD COLUMN recoveries INTEGER NOT NULL DEFAULT 0;
