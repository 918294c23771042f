// One round of lines, as one viewer sees it.
import { docker } from "./docker.mjs";
import { lineStart } from "./entries.mjs";
import { pause, within } from "./stop.mjs";

/** A line may be cut in two by a chunk; so much of the last one is looked at again. */
const CARRY = 64;
/** A viewer that has shown the end of the past may not have begun to follow yet. */
const SETTLE = 500;
const PATIENCE = 120_000;

/**
 * Opens a viewer, waits until it shows the last line of the round before, lets the container print,
 * and waits for the last line. Gives lines per second and how many lines never came.
 */
export async function watch({ container, round, lines, open, read }) {
  const marks = { before: lineStart(round - 1, lines), first: `round-${round}-line-`, last: lineStart(round, lines) };
  const [ready, done] = [Promise.withResolvers(), Promise.withResolvers()];
  // Whichever is not waited for any more may fail unheard.
  ready.promise.catch(() => {});
  done.promise.catch(() => {});
  const pieces = [];
  let [carry, started, finished] = ["", 0, false];

  const take = (data) => {
    if (finished) return;
    const at = performance.now();
    const text = carry + data.toString("latin1");
    carry = text.slice(-CARRY);
    if (text.includes(marks.before)) ready.resolve();
    if (!started && text.includes(marks.first)) started = at;
    pieces.push({ at, data });
    if (text.includes(marks.last)) {
      finished = true;
      done.resolve(at);
    }
  };
  const fail = (error) => {
    ready.reject(error);
    done.reject(error);
  };
  const close = open(take, fail);
  try {
    await within(PATIENCE, "the end of the log so far", ready.promise);
    await pause(SETTLE);
    await docker(["kill", "--signal", "USR1", container]);
    const ended = await within(PATIENCE, "the last line", done.promise);
    return result(pieces, { round, lines, read, started, ended });
  } finally {
    await close();
  }
}

function result(pieces, { round, lines, read, started, ended }) {
  const numbers = (some) => {
    const line = new RegExp(`^round-${round}-line-(\\d+) `);
    return new Set(read(some.map(({ data }) => data)).flatMap((text) => line.exec(text)?.[1] ?? []));
  };
  const all = numbers(pieces).size;
  // The clock starts when the first lines are there, so those are not part of what it times.
  const timed = all - numbers(pieces.filter(({ at }) => at <= started)).size;
  if (timed <= 0 || ended <= started) throw new Error("the lines came all at once; nothing can be timed");
  return { rate: (timed * 1000) / (ended - started), lost: lines - all };
}
