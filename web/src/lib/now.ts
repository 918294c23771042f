// The time, ticking: one timer for all that show an age, none while the tab is hidden.
import { useSyncExternalStore } from "react";

const listeners = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;
let now = Date.now();

function tick() {
  if (document.hidden) return;
  now = Date.now();
  for (const listener of [...listeners]) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  if (listeners.size === 1) {
    now = Date.now();
    timer = setInterval(tick, 1000);
    document.addEventListener("visibilitychange", tick);
  }
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    clearInterval(timer);
    document.removeEventListener("visibilitychange", tick);
  };
}

function snapshot(): number {
  if (listeners.size === 0) now = Date.now();
  return now;
}

/** Milliseconds since 1970, changing about once a second. */
export function useNow(): number {
  // Without listeners every call would give another value, and React asks twice.
  return useSyncExternalStore(subscribe, () => Math.floor(snapshot() / 1000) * 1000 + 999);
}
