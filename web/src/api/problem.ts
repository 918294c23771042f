// What can go wrong with a call, as one error type.
import type { Plan, Problem, Refusal } from "./types";

export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  readonly hint: string | undefined;
  readonly field: string | undefined;
  readonly operationId: string | undefined;
  readonly errors: Refusal[];
  readonly plan: Plan | undefined;
  readonly path: string;
  readonly retryAfter: number | undefined;

  constructor(path: string, status: number, problem: Problem, retryAfter?: number) {
    super(problem.detail || problem.title || `The server answered ${status}.`);
    this.name = "ApiError";
    this.path = path;
    this.status = status;
    this.code = problem.code ?? `http_${status}`;
    this.hint = problem.hint;
    this.field = problem.field;
    this.operationId = problem.operation_id;
    this.errors = problem.errors ?? [];
    this.plan = problem.plan;
    this.retryAfter = retryAfter;
  }
}

/** The server did not answer at all, or not in time. Status 0. */
export class NoAnswer extends ApiError {
  constructor(path: string, detail: string, code: "unreachable" | "timed_out") {
    super(path, 0, { detail, code });
    this.name = "NoAnswer";
  }
}

export function isSignedOut(error: unknown): boolean {
  return error instanceof ApiError && error.status === 401;
}

export function isNotFound(error: unknown): boolean {
  return error instanceof ApiError && error.status === 404;
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Messages by field, for forms; `""` holds those that belong to none. */
export function fieldErrors(error: unknown): Record<string, string> {
  if (!(error instanceof ApiError)) return error ? { "": messageOf(error) } : {};
  const found: Record<string, string> = {};
  for (const one of error.errors) found[one.field ?? ""] ??= one.message;
  if (error.errors.length === 0) found[error.field ?? ""] = error.message;
  return found;
}

/** What a person can paste into a report. */
export function diagnostics(error: unknown): string {
  const lines = [`time: ${new Date().toISOString()}`, `page: ${location.pathname}`];
  if (error instanceof ApiError) {
    lines.push(`request: ${error.path}`, `status: ${error.status}`, `code: ${error.code}`);
    if (error.field) lines.push(`field: ${error.field}`);
    if (error.operationId) lines.push(`operation: ${error.operationId}`);
  }
  lines.push(`message: ${messageOf(error)}`, `browser: ${navigator.userAgent}`);
  return lines.join("\n");
}
