// Log lines over plain HTTP: one JSON object a line. For looking back, and for following when the
// WebSocket cannot be opened.
import { answered } from "@/lib/connection";
import { url } from "./client";
import { ApiError, NoAnswer } from "./problem";
import type { LogLine, Problem } from "./types";

export interface LogQuery {
  tail?: number;
  since?: string;
  grep?: string;
  service?: string;
}

async function open(name: string, query: LogQuery & { follow?: boolean }, signal?: AbortSignal): Promise<Response> {
  const path = `/deployments/${encodeURIComponent(name)}/logs`;
  let response: Response;
  try {
    response = await fetch(url(path, { ...query }), { signal, headers: { accept: "application/x-ndjson" } });
  } catch (cause) {
    if (signal?.aborted) throw cause;
    throw new NoAnswer(`GET ${path}`, "Steward cannot be reached.", "unreachable");
  }
  answered();
  if (response.ok) return response;
  throw new ApiError(`GET ${path}`, response.status, (await response.json().catch(() => ({}))) as Problem);
}

export function parseLines(text: string): LogLine[] {
  return text
    .split("\n")
    .filter(Boolean)
    .flatMap((line) => {
      try {
        return [JSON.parse(line) as LogLine];
      } catch {
        return [];
      }
    });
}

export async function fetchLogs(name: string, query: LogQuery, signal?: AbortSignal): Promise<LogLine[]> {
  const response = await open(name, query, signal);
  return parseLines(await response.text());
}

/** Hands over lines as they come, until the stream ends or is aborted. */
export async function followLogs(
  name: string,
  query: LogQuery,
  signal: AbortSignal,
  onLines: (lines: LogLine[]) => void,
): Promise<void> {
  const response = await open(name, { ...query, follow: true }, signal);
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const part = await reader?.read();
    if (!part || part.done) break;
    const end = (rest + part.value).lastIndexOf("\n");
    const whole = rest + part.value;
    rest = whole.slice(end + 1);
    const lines = parseLines(whole.slice(0, end + 1));
    if (lines.length > 0) onLines(lines);
  }
}
