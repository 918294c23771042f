// What an event makes old. Bursts are gathered: pages repaint at most a few times a second.
import type { QueryClient, QueryKey } from "@tanstack/react-query";
import { keys } from "@/api/queries";
import type { LogLine, Progress } from "@/api/types";
import type { Message } from "@/lib/live";
import { heard } from "@/lib/progress";

const GATHER = 250;

interface LogNews {
  /** The deployment. */
  of: string;
  lines: LogLine[];
  /** How many lines the server left out because they came too fast. */
  dropped: number;
  ended: string | null;
}

type LogListener = (news: LogNews) => void;
const logListeners = new Set<LogListener>();

export function onLogs(listener: LogListener): () => void {
  logListeners.add(listener);
  return () => logListeners.delete(listener);
}

export function oldKeys({ channel, event, data }: Message): QueryKey[] {
  if (channel === "devices") return [keys.devices];
  if (channel === "deployments") {
    if (event === "progress") return [];
    const always = [keys.deployments];
    return event === "status_change" ? always : [...always, keys.applications, keys.devices, keys.volumes];
  }
  if (channel === "operations") {
    const one = typeof data.operation_id === "string" ? [[...keys.operations, "one", data.operation_id]] : [];
    return [...one, [...keys.operations, "list"], keys.deployments, keys.volumes, keys.schedules, keys.backups];
  }
  if (channel === "reconcilers")
    return data.name === "retention" ? [keys.reconcilers, keys.retention] : [keys.reconcilers];
  if (channel === "schedules") return [keys.schedules];
  return [];
}

export function createEventSink(client: QueryClient): (message: Message) => void {
  const waiting = new Map<string, QueryKey>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const flush = () => {
    timer = undefined;
    const all = [...waiting.values()];
    waiting.clear();
    for (const queryKey of all) void client.invalidateQueries({ queryKey });
  };
  return (message) => {
    if (message.channel === "logs") {
      const news: LogNews = {
        of: String(message.data.deployment_id ?? ""),
        lines: (message.data.lines as LogLine[] | undefined) ?? [],
        dropped: Number(message.data.dropped ?? 0),
        ended: message.event === "end" ? String(message.data.reason ?? "") : null,
      };
      for (const listener of [...logListeners]) listener(news);
      return;
    }
    if (message.channel === "deployments" && message.event === "progress") heard(message.data as unknown as Progress);
    for (const key of oldKeys(message)) waiting.set(JSON.stringify(key), key);
    if (waiting.size > 0) timer ??= setTimeout(flush, GATHER);
  };
}
