-- Whether an instance that is marked as development may touch the device.
ALTER TABLE devices ADD COLUMN development INTEGER NOT NULL DEFAULT 0;
