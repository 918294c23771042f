// Short messages at the edge of the page: at most three, errors until they are closed.
import { createStore } from "./store";

export interface Toast {
  id: number;
  kind: "note" | "error";
  text: string;
  link?: { label: string; href: string };
}

const MOST = 3;
const LASTS = 6000;
let next = 1;

export const toasts = createStore<Toast[]>([]);

export function dismiss(id: number): void {
  toasts.set((now) => now.filter((toast) => toast.id !== id));
}

export function toast(text: string, options: { kind?: Toast["kind"]; link?: Toast["link"] } = {}): void {
  const made: Toast = { id: next++, kind: options.kind ?? "note", text, link: options.link };
  // The same sentence twice is one message.
  toasts.set((now) => [...now.filter((other) => other.text !== text), made].slice(-MOST));
  if (made.kind === "note") setTimeout(() => dismiss(made.id), LASTS);
}
