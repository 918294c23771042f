// Runs the end-to-end tests one file after the other: all, or those that are named.
import { spawnSync } from "node:child_process";

const named = process.argv.slice(2);
const files = named.length > 0 ? named : ["e2e/*.test.ts"];
const { status } = spawnSync(process.execPath, ["--test", "--test-concurrency=1", ...files], { stdio: "inherit" });
process.exit(status ?? 1);
