// An operation as text, to paste into a question or a note.
import type { OperationDetail } from "@/api/types";
import { commandLine, duration } from "./format";
import { plain } from "./ansi";

const LINES = 10;

export function report(operation: OperationDetail): string {
  const lines = [
    `${operation.kind} ${operation.target}: ${operation.state}`,
    `operation: ${operation.id}`,
    `device: ${operation.plan.device}`,
    `asked by ${operation.actor} at ${new Date(operation.created_at).toISOString()}`,
  ];
  if (operation.error) lines.push(`cause: ${operation.error.message} (${operation.error.code})`);
  if (operation.failed_step) lines.push(`failed step: ${operation.failed_step}`);
  lines.push("", "steps:");
  for (const step of operation.steps)
    lines.push(`  ${step.name}: ${step.state}${step.undo_note ? ` (${step.undo_note})` : ""}`);
  if (operation.left_over.length > 0) lines.push("", "left over:", ...operation.left_over.map((line) => `  ${line}`));
  if (operation.commands.length > 0) lines.push("", "commands:");
  for (const command of operation.commands) {
    lines.push(
      `  $ ${commandLine(command.argv)}`,
      `    exit ${command.exit_code ?? "none"} after ${duration(command.duration_ms)}`,
    );
    if (command.exit_code !== 0) {
      const output = command.output.trimEnd().split("\n").slice(-LINES);
      lines.push(...output.map((line) => `    ${plain(line)}`));
    }
  }
  return lines.join("\n");
}
