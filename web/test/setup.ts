// What jsdom lacks and pages use.
import { cleanup } from "@testing-library/react";
import { afterEach } from "vitest";
import { sessionEnded } from "../src/api/client";
import { connection } from "../src/lib/connection";
import { pendingDeletions } from "../src/lib/after-removal";
import { toasts } from "../src/lib/toasts";

class Observer {
  observe(): void {}
  unobserve(): void {}
  disconnect(): void {}
}

const matchMedia = (query: string) => ({
  matches: false,
  media: query,
  addEventListener: () => undefined,
  removeEventListener: () => undefined,
});
Object.assign(globalThis, {
  ResizeObserver: Observer,
  IntersectionObserver: Observer,
  matchMedia,
  scrollTo: () => undefined,
});
Element.prototype.scrollIntoView = () => undefined;
Element.prototype.getAnimations = () => [];

afterEach(() => {
  cleanup();
  sessionStorage.clear();
  localStorage.clear();
  sessionEnded.set(false);
  connection.set({ reachable: true, lastAnswer: Date.now() });
  pendingDeletions.set([]);
  toasts.set([]);
});
