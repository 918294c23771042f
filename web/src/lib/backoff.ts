// How long to wait before trying again.
const STEPS = [500, 1000, 2000, 4000, 8000, 15_000];
const SPREAD = 0.2;

/** The wait before attempt `attempt` (from 0), spread so that many browsers do not come at once. */
export function backoff(attempt: number, random: () => number = Math.random): number {
  const step = STEPS[Math.min(attempt, STEPS.length - 1)] ?? 15_000;
  return Math.round(step * (1 - SPREAD + 2 * SPREAD * random()));
}
