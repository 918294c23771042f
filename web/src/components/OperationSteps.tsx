import type { OperationDetail, StepRecord } from "@/api/types";
import { bytesOf, duration, number } from "@/lib/format";
import { STEP, stepLabel, type Named } from "@/lib/names";
import { useNow } from "@/lib/now";
import { progressByOperation, share } from "@/lib/progress";
import { useStore } from "@/lib/store";
import { cx } from "@/ui/cx";
import { ProgressBar } from "@/ui/Meter";
import { Sentence } from "@/ui/Sentence";
import { StatusGlyph } from "@/ui/Status";

const SILENT_AFTER = 30_000;

interface Row {
  key: string;
  name: string;
  does: string;
  step: StepRecord | null;
  named: Named;
}

function rowsOf(operation: OperationDetail): Row[] {
  const planned = new Map(operation.plan.steps.map((step) => [step.name, step.does]));
  const rows: Row[] = operation.steps.map((step) => ({
    key: String(step.ordinal),
    name: stepLabel(step.name),
    does: planned.get(step.name) ?? "",
    step,
    named: step.error && step.state === "undone" ? { status: "crit", label: "Failed, then undone" } : STEP[step.state],
  }));
  const last: Record<string, Row> = {
    "deployment.deploy": {
      key: "end",
      name: "Running",
      does: "",
      step: null,
      named: { status: "unknown", label: "Waiting" },
    },
  };
  const end = last[operation.kind];
  if (end && ["queued", "running", "succeeded"].includes(operation.state)) {
    rows.push({ ...end, named: operation.state === "succeeded" ? STEP.done : STEP.pending });
  }
  return rows;
}

/** The steps in order, with what each took and where the running one is. */
export function OperationSteps({ operation }: { operation: OperationDetail }) {
  const rows = rowsOf(operation);
  return (
    <ol className="grid">
      {rows.map((row, index) => (
        <li
          key={row.key}
          aria-current={row.step?.state === "running" ? "step" : undefined}
          className="relative flex gap-3 pb-4 last:pb-0"
        >
          {index < rows.length - 1 && <i aria-hidden className="absolute top-6 bottom-0 left-[9px] w-px bg-border" />}
          <StatusGlyph status={row.named.status} size={20} className="relative" />
          <div className="grid min-w-0 flex-1 gap-1">
            <div className="flex flex-wrap items-baseline justify-between gap-x-3">
              <span className={cx("font-medium", row.named.status === "unknown" && "font-normal text-muted")}>
                {row.name}
              </span>
              <span className="text-table text-muted tabular-nums">
                {row.step && row.step.state !== "done" ? row.named.label : ""}
                {row.step && <StepTime step={row.step} />}
              </span>
            </div>
            {row.does && <p className="text-table text-muted">{row.does}</p>}
            {row.step?.state === "running" && <StepProgress operation={operation} step={row.step} />}
            {row.step?.error && (
              <p className="text-table">
                <Sentence text={row.step.error.message} />
              </p>
            )}
            {row.step?.undo_note && (
              <p className="text-table text-muted">
                {row.step.state === "undo_failed" ? "Undo failed: " : "Undone: "}
                <Sentence text={row.step.undo_note} />
              </p>
            )}
          </div>
        </li>
      ))}
    </ol>
  );
}

function StepTime({ step }: { step: StepRecord }) {
  const now = useNow();
  if (step.started_at === null) return null;
  const took = (step.finished_at ?? (step.state === "running" ? now : step.started_at)) - step.started_at;
  const before = step.state === "done" ? "" : ", ";
  return <>{`${before}${duration(Math.max(0, took))}`}</>;
}

function StepProgress({ operation, step }: { operation: OperationDetail; step: StepRecord }) {
  const heard = useStore(progressByOperation)[operation.id];
  const now = useNow();
  const progress = heard?.progress.step === step.name ? heard.progress : null;
  const at = Math.max(progress && heard ? heard.at : 0, step.started_at ?? 0);
  const quiet = now - at;
  const parts =
    progress && progress.total !== null ? `${number(progress.done)} of ${number(progress.total)} layers` : "";
  const size = progress && progress.bytes_done !== null ? bytesOf(progress.bytes_done, progress.bytes_total) : "";
  const text = [progress?.message, parts, size].filter(Boolean).join(", ");
  return (
    <div className="grid gap-1.5">
      <ProgressBar
        label={`Progress of ${stepLabel(step.name)}`}
        value={progress ? share(progress) : null}
        text={text || "under way"}
      />
      <p className="text-table text-muted tabular-nums">
        {text || "Under way"}
        {quiet > SILENT_AFTER
          ? `. Still waiting; the last word was ${duration(quiet)} ago. Slow networks and registries are the usual cause.`
          : quiet > 3000
            ? ` (last word ${duration(quiet)} ago)`
            : ""}
      </p>
    </div>
  );
}
