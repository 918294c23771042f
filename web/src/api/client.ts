// One function through which every request goes.
import { answered, silent } from "@/lib/connection";
import { createStore } from "@/lib/store";
import { ApiError, NoAnswer } from "./problem";
import type { Problem } from "./types";

export const BASE = "/api/v1";
const TIMEOUT = 15_000;
/** What is asked of a device, such as a plan, may ask a registry in its turn. */
const LONG_TIMEOUT = 90_000;

/** True when the server said that nobody is signed in any more; the page stays under the sign-in form. */
export const sessionEnded = createStore(false);

export interface CallOptions {
  body?: unknown;
  query?: Record<string, string | number | boolean | undefined>;
  signal?: AbortSignal;
  /** The same key makes a repeated request the same request. */
  idempotencyKey?: string;
  /** A 401 is an answer here, not the end of a session. */
  anonymous?: boolean;
}

export function url(path: string, query?: CallOptions["query"]): string {
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(query ?? {})) {
    if (value !== undefined && value !== "") search.set(key, String(value));
  }
  const text = search.toString();
  return BASE + path + (text ? `?${text}` : "");
}

/** Random hex. `crypto.randomUUID` is missing on plain HTTP, which is how a home server is often reached. */
export function randomKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function send(method: string, path: string, options: CallOptions): Promise<Response> {
  const headers: Record<string, string> = { accept: "application/json" };
  if (options.body !== undefined) headers["content-type"] = "application/json";
  if (options.idempotencyKey) headers["idempotency-key"] = options.idempotencyKey;
  const patience = method === "GET" ? TIMEOUT : LONG_TIMEOUT;
  const deadline = AbortSignal.timeout(patience);
  const signal = options.signal ? AbortSignal.any([options.signal, deadline]) : deadline;
  try {
    return await fetch(url(path, options.query), {
      method,
      headers,
      body: options.body === undefined ? undefined : JSON.stringify(options.body),
      signal,
    });
  } catch (cause) {
    if (options.signal?.aborted) throw cause;
    const what = `${method} ${path}`;
    if (deadline.aborted)
      throw new NoAnswer(what, `Steward did not answer within ${patience / 1000} seconds.`, "timed_out");
    silent();
    throw new NoAnswer(what, "Steward cannot be reached.", "unreachable");
  }
}

async function problemOf(response: Response): Promise<Problem> {
  if (!response.headers.get("content-type")?.includes("json")) return {};
  try {
    return (await response.json()) as Problem;
  } catch {
    return {};
  }
}

export async function call<T>(method: string, path: string, options: CallOptions = {}): Promise<T> {
  const response = await send(method, path, options);
  const fromProxy =
    response.status >= 502 && response.status <= 504 && !response.headers.get("content-type")?.includes("json");
  if (fromProxy) {
    silent();
    throw new NoAnswer(`${method} ${path}`, "The proxy in front of Steward cannot reach it.", "unreachable");
  }
  answered();
  if (response.ok) {
    if (response.status === 204) return undefined as T;
    return (await response.json()) as T;
  }
  if (response.status === 401 && !options.anonymous) sessionEnded.set(true);
  const retryAfter = Number(response.headers.get("retry-after")) || undefined;
  throw new ApiError(`${method} ${path}`, response.status, await problemOf(response), retryAfter);
}
