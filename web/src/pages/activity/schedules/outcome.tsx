import { Link } from "@tanstack/react-router";
import type { RunOutcome, RunView } from "@/api/types";
import { OPERATION, type Named } from "@/lib/names";
import { StatusText } from "@/ui/Status";

const OUTCOME: Record<RunOutcome, Named> = {
  started: { status: "busy", label: "Started" },
  unchanged: { status: "ok", label: "Nothing to do" },
  refused: { status: "crit", label: "Refused" },
  missed: { status: "warn", label: "Missed" },
  skipped: { status: "off", label: "Left out" },
};

/** What came of a due time: how its operation ended, or why there is none. */
export function RunResult({ run }: { run: RunView }) {
  const named = run.outcome === "started" && run.state ? OPERATION[run.state] : OUTCOME[run.outcome];
  // What is older than the retention has no page any more.
  if (!run.operation_id || run.state === null) return <StatusText {...named} />;
  return (
    <Link to="/operations/$id" params={{ id: run.operation_id }} className="link">
      <StatusText {...named} />
    </Link>
  );
}
