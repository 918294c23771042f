-- How often an operation was taken over by a new process since it last was at rest or in good hands.
ALTER TABLE operations ADD COLUMN recoveries INTEGER NOT NULL DEFAULT 0;
-- Whether it has been at rest with something left: since then somebody may have used what that is.
ALTER TABLE operations ADD COLUMN rested INTEGER NOT NULL DEFAULT 0;
