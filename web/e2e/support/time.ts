// How long anything is waited for. A slow machine gets more with STEWARD_E2E_PATIENCE=2.
import { setTimeout as pause } from "node:timers/promises";

const patience = Number(process.env.STEWARD_E2E_PATIENCE ?? 1) || 1;

/** For one thing that is to come. */
export const WAIT = 90_000 * patience;
/** For an operation that may pull an image and waits for health. */
export const LONG = 180_000 * patience;
/** For a whole test. */
export const WHOLE = 600_000 * patience;

const LOOK_EVERY = 200;

type Found<T> = T | undefined | null | false;

/** Looks again and again until there is something. What the look throws ends the wait at once. */
export async function until<T>(what: string, look: () => Promise<Found<T>>, within: number = WAIT): Promise<T> {
  const deadline = Date.now() + within;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== null && found !== false) return found;
    if (Date.now() > deadline) throw new Error(`waited ${Math.round(within / 1000)} s in vain for ${what}`);
    await pause(LOOK_EVERY);
  }
}
