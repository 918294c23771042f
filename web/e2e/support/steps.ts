// A long test as a list of steps, each reported by its name.
import type { TestContext } from "node:test";

/**
 * Gives a function that runs one step. Each step stands on the ones before it: after one that failed the rest is
 * skipped, instead of waiting for what can never come.
 */
export function stepsOf(t: TestContext, afterEach: () => void = () => undefined) {
  let broken = false;
  return async (name: string, work: () => Promise<void>): Promise<void> => {
    await t.test(name, { skip: broken && "a step before it failed" }, async () => {
      broken = true;
      await work();
      afterEach();
      broken = false;
    });
  };
}
