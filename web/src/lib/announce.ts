// What a screen reader is told without the focus moving; at most one sentence in five seconds.
import { createStore } from "./store";

export const announcement = createStore("");

const EVERY = 5000;
let last = 0;
let waiting: string | null = null;
let timer: ReturnType<typeof setTimeout> | undefined;

export function announce(text: string): void {
  const now = Date.now();
  const wait = last + EVERY - now;
  if (wait <= 0) {
    last = now;
    announcement.set(text);
    return;
  }
  waiting = text;
  timer ??= setTimeout(() => {
    timer = undefined;
    last = Date.now();
    if (waiting !== null) announcement.set(waiting);
    waiting = null;
  }, wait);
}
