// One signal for the whole run. Whatever waits, waits with it, so that Ctrl-C ends a measurement at
// once and leaves it by the same way as an error: through the clean-up.
import { setMaxListeners } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";

const controller = new AbortController();
export const stopped = controller.signal;
// As many listeners as there are things under way.
setMaxListeners(0, stopped);

/** Ends the run at a signal, and at an error that nobody caught. */
export function stopOnSignals() {
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"]) {
    process.on(name, () => {
      if (!stopped.aborted) console.error("bench: stopping, and removing what was started");
      controller.abort(new Error("interrupted"));
    });
  }
  process.on("uncaughtException", (error) => {
    console.error(error);
    controller.abort(error);
  });
}

export const pause = (ms) => sleep(ms, undefined, { signal: stopped });

/** Waits for a promise, but not for ever. */
export async function within(ms, what, promise) {
  const over = new AbortController();
  const late = sleep(ms, undefined, { signal: AbortSignal.any([stopped, over.signal]) }).then(() => {
    throw new Error(`${what} did not come within ${ms / 1000} s`);
  });
  late.catch(() => {});
  try {
    return await Promise.race([promise, late]);
  } finally {
    over.abort();
  }
}

/** Asks again and again until the answer is something. */
export async function until(what, probe, ms = 60_000) {
  const deadline = performance.now() + ms;
  for (;;) {
    stopped.throwIfAborted();
    const found = await probe();
    if (found) return found;
    if (performance.now() > deadline) throw new Error(`${what} did not come within ${ms / 1000} s`);
    await pause(50);
  }
}
