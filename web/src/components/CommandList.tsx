import { ChevronRight } from "lucide-react";
import type { CommandRecord } from "@/api/types";
import { commandLine, duration } from "@/lib/format";
import { plain } from "@/lib/ansi";
import { CopyButton } from "@/ui/Copy";
import { StatusGlyph } from "@/ui/Status";
import type { Status } from "@/lib/names";

function outcome(command: CommandRecord): { status: Status; label: string } {
  if (command.exit_code === null) return { status: "warn", label: "did not end by itself" };
  return command.exit_code === 0
    ? { status: "ok", label: "exit 0" }
    : { status: "crit", label: `exit ${command.exit_code}` };
}

/** Commands that ran, each with how it ended and what it printed. */
export function CommandList({ commands }: { commands: CommandRecord[] }) {
  if (commands.length === 0) return <p className="text-muted">No command has run yet.</p>;
  return (
    <ol className="grid gap-2">
      {commands.map((command, index) => (
        <Command key={index} command={command} />
      ))}
    </ol>
  );
}

function Command({ command }: { command: CommandRecord }) {
  const { status, label } = outcome(command);
  const line = commandLine(command.argv);
  const output = command.output.split("\n").map(plain).join("\n").trimEnd();
  return (
    <li>
      <details className="group min-w-0 rounded-control border border-border bg-canvas" open={status === "crit"}>
        <summary className="flex min-h-10 list-none flex-wrap items-center gap-x-3 gap-y-1 rounded-control px-3 py-2">
          <ChevronRight
            aria-hidden
            size={16}
            className="shrink-0 text-muted transition-transform group-open:rotate-90"
          />
          <code className="min-w-0 flex-1 basis-48">{line}</code>
          <span className="flex items-center gap-2 text-table whitespace-nowrap text-muted">
            <StatusGlyph status={status} size={14} />
            {label}, {duration(command.duration_ms)}
          </span>
        </summary>
        <div className="grid gap-2 border-t border-border p-3">
          <div className="flex flex-wrap items-center justify-between gap-2 text-table text-muted">
            <span>
              on {command.device}
              {command.undo && ", to undo a step"}
            </span>
            <CopyButton text={`$ ${line}\n${output}`} />
          </div>
          {output ? (
            <pre tabIndex={0} aria-label={`Output of ${line}`} className="max-h-80 overflow-auto whitespace-pre-wrap">
              {output}
            </pre>
          ) : (
            <p className="text-table text-muted">It printed nothing.</p>
          )}
        </div>
      </details>
    </li>
  );
}
