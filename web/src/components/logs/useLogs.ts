import { useEffect, useState, useSyncExternalStore } from "react";
import { followLogs } from "@/api/logs";
import { messageOf } from "@/api/problem";
import { onLogs } from "@/components/live/events";
import { useLive } from "@/components/live/LiveProvider";
import { LogBuffer, type Entry } from "@/lib/log-buffer";
import { useStore } from "@/lib/store";

const TAIL = 500;

export interface LiveLogs {
  entries: readonly Entry[];
  /** The stream has ended by itself; why. */
  ended: string | null;
  connected: boolean;
  clear: () => void;
}

/** The lines of one deployment: the last ones, then each as it is written. */
export function useLogs(name: string, deploymentId: string, service: string | undefined): LiveLogs {
  const live = useLive();
  const status = useStore(live.status);
  const [buffer] = useState(() => new LogBuffer());
  // Another deployment or service is another log.
  const log = `${deploymentId}/${service ?? ""}`;
  const [end, setEnd] = useState<{ of: string; why: string } | null>(null);
  const ended = end?.of === log ? end.why : null;
  const refusal = useStore(live.refusal);
  const entries = useSyncExternalStore(buffer.subscribe, buffer.snapshot);

  useEffect(() => () => buffer.clear(), [buffer, log]);

  useEffect(() => {
    if (status !== "live") return;
    if (!buffer.isEmpty) {
      buffer.resume();
      buffer.note("The connection was lost here; what was missed follows, as far as it is kept.");
    }
    const stop = onLogs(({ of, lines, dropped, ended: why }) => {
      if (of !== deploymentId) return;
      if (dropped > 0) buffer.note(`${dropped} lines came too fast and were skipped.`);
      // What was on its way for another choice of service is not ours any more.
      buffer.add(service ? lines.filter((line) => line.service === service) : lines);
      if (why !== null) setEnd({ of: log, why: why || "The log has ended." });
    });
    const begin = setTimeout(() => live.setLogs({ deployment_id: deploymentId, service, tail: TAIL }));
    return () => {
      clearTimeout(begin);
      stop();
      live.setLogs(null);
    };
  }, [live, status, buffer, log, deploymentId, service]);

  useEffect(() => {
    if (status !== "polling") return;
    const abort = new AbortController();
    buffer.resume();
    followLogs(name, { tail: TAIL, service }, abort.signal, (lines) => buffer.add(lines)).catch((error: unknown) => {
      if (!abort.signal.aborted) setEnd({ of: log, why: messageOf(error) });
    });
    return () => abort.abort();
  }, [status, buffer, log, name, service]);

  return {
    entries,
    ended: ended ?? refusal,
    connected: status === "live" || status === "polling",
    clear: () => buffer.clear(),
  };
}
