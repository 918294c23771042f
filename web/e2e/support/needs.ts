// What these tests need from outside, and whether it is there.
import { existsSync } from "node:fs";

export const PROGRAM = process.env.STEWARD_BIN ?? "";
export const DOCKER_HOST = process.env.STEWARD_TEST_DOCKER_HOST ?? "";
export const DOCKER_CONFIG = process.env.STEWARD_TEST_DOCKER_CONFIG ?? "";
export const CHROMIUM = process.env.STEWARD_CHROMIUM ?? "/usr/bin/chromium";

const UNIX = "unix://";
/** The engine's socket. */
export const SOCKET = DOCKER_HOST.startsWith(UNIX) ? DOCKER_HOST.slice(UNIX.length) : "";

function missing(browser: boolean): string | undefined {
  if (!PROGRAM) return "STEWARD_BIN, the built program";
  if (!SOCKET || !existsSync(SOCKET)) return "a Docker engine (make lab-up)";
  if (browser && !existsSync(CHROMIUM)) return `Chromium at ${CHROMIUM} (scripts/setup-chromium)`;
  return undefined;
}

/** Why a test is skipped; false when all that it needs is there. */
export function skipped({ browser }: { browser: boolean }): string | false {
  const what = missing(browser);
  if (what === undefined) return false;
  console.log(`skipped: needs ${what}`);
  return `needs ${what}`;
}
