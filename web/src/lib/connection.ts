// Whether the server answers. The API client reports every answer and every silence; while it is
// silent, `watch` asks again and again, and tells once when it is back.
import { createStore } from "./store";

export interface Connection {
  reachable: boolean;
  /** When it last answered. */
  lastAnswer: number;
}

export const connection = createStore<Connection>({ reachable: true, lastAnswer: Date.now() });

export function answered(): void {
  connection.set((now) => {
    // Once a second is exact enough for people, and spares renders.
    if (now.reachable && Date.now() - now.lastAnswer < 1000) return now;
    return { reachable: true, lastAnswer: Date.now() };
  });
}

export function silent(): void {
  connection.set((now) => (now.reachable ? { ...now, reachable: false } : now));
}

const PROBE_EVERY = 2000;
const PROBE_TIMEOUT = 3000;

/** Asks whether the server is there, and reports the answer. */
export async function probe(): Promise<boolean> {
  try {
    const answer = await fetch("/api/v1/system/health", {
      signal: AbortSignal.timeout(PROBE_TIMEOUT),
      cache: "no-store",
    });
    if (answer.status >= 502 && answer.status <= 504) throw new Error("a proxy answered for the server");
    answered();
    return true;
  } catch {
    silent();
    return false;
  }
}

/** Watches the connection until the returned function is called. */
export function watchConnection(onBack: () => void): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let wasReachable = connection.get().reachable;
  const schedule = () => {
    clearTimeout(timer);
    if (connection.get().reachable) return;
    timer = setTimeout(async () => {
      await probe();
      schedule();
    }, PROBE_EVERY);
  };
  const stop = connection.subscribe(() => {
    const { reachable } = connection.get();
    if (reachable && !wasReachable) onBack();
    if (!reachable && wasReachable) schedule();
    wasReachable = reachable;
  });
  const online = () => void probe();
  window.addEventListener("online", online);
  schedule();
  return () => {
    stop();
    clearTimeout(timer);
    window.removeEventListener("online", online);
  };
}
