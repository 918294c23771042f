// What jsdom lacks and pages use.
import { cleanup } from "@testing-library/react";
import { afterEach, vi } from "vitest";
import { sessionEnded } from "../src/api/client";
import { connection } from "../src/lib/connection";
import { pendingDeletions } from "../src/lib/after-removal";
import { toasts } from "../src/lib/toasts";

class Observer {
  observe(): void {}
  unobserve(): void {}
  disconnect(): void {}
}

vi.stubGlobal("ResizeObserver", Observer);
vi.stubGlobal("IntersectionObserver", Observer);
vi.stubGlobal("scrollTo", () => undefined);
vi.stubGlobal("matchMedia", (query: string) => ({
  matches: false,
  media: query,
  addEventListener: () => undefined,
  removeEventListener: () => undefined,
}));
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
