import { TriangleAlert } from "lucide-react";
import type { Plan } from "@/api/types";
import { commandLine, count } from "@/lib/format";
import { stepLabel } from "@/lib/names";
import { Facts } from "@/ui/Card";
import { CodeView, DiffView } from "@/ui/Code";
import { CopyButton } from "@/ui/Copy";
import { Sentence } from "@/ui/Sentence";
import { Tabs, type Tab } from "@/ui/Tabs";

/** What a plan would do: in short, its files, its commands, its steps with their undo. */
export function PlanView({ plan, filesFirst }: { plan: Plan; filesFirst?: boolean }) {
  const summary: Tab = { value: "summary", label: "Summary", content: <Summary plan={plan} short={filesFirst} /> };
  const files: Tab = {
    value: "files",
    label: filesFirst ? "Differences" : "Files",
    content: <Files plan={plan} diffs={filesFirst} />,
  };
  const rest: Tab[] = [
    { value: "commands", label: "Commands", content: <Commands plan={plan} /> },
    { value: "steps", label: "Steps", content: <Steps plan={plan} /> },
  ];
  if (!filesFirst) return <Tabs label="Parts of the plan" tabs={[summary, files, ...rest]} />;
  return (
    <div className="grid gap-4">
      <p>
        <Sentence text={plan.summary} />
      </p>
      <Risks risks={plan.risks} />
      <Tabs label="Parts of the plan" tabs={[files, { ...summary, label: "What it touches" }, ...rest]} />
    </div>
  );
}

export function Risks({ risks }: { risks: string[] }) {
  if (risks.length === 0) return null;
  return (
    <ul className="grid gap-2">
      {risks.map((risk) => (
        <li key={risk} className="flex gap-2.5">
          <TriangleAlert aria-hidden size={16} className="mt-0.5 shrink-0 text-warn" />
          <span>
            <Sentence text={risk} />
          </span>
        </li>
      ))}
    </ul>
  );
}

function Summary({ plan, short }: { plan: Plan; short?: boolean }) {
  const image = (one: Plan["images"][number]) =>
    `${one.reference} (${one.present ? "already there" : one.embedded ? "comes with Steward" : "will be pulled"})`;
  const volume = (one: Plan["volumes"][number]) => `${one.name} (${one.exists ? "exists, its data stays" : "new"})`;
  return (
    <div className="grid gap-4">
      {!short && (
        <p>
          <Sentence text={plan.summary} />
        </p>
      )}
      {!short && <Risks risks={plan.risks} />}
      <Facts
        items={[
          ["Device", plan.device],
          ["Images", <Lines key="i" lines={plan.images.map(image)} />],
          ["Volumes", <Lines key="v" lines={plan.volumes.map(volume)} />],
          ["Files", plan.files.length > 0 ? count(plan.files.length, "file") : "none"],
          ["Steps", `${count(plan.steps.length, "step")}, each can be undone if a later one fails`],
        ]}
      />
    </div>
  );
}

function Lines({ lines }: { lines: string[] }) {
  if (lines.length === 0) return "none";
  return (
    <ul className="grid gap-0.5">
      {lines.map((line) => (
        <li key={line}>{line}</li>
      ))}
    </ul>
  );
}

function Files({ plan, diffs }: { plan: Plan; diffs?: boolean }) {
  const files = diffs ? plan.files.filter((file) => file.diff !== "") : plan.files;
  if (files.length === 0) return <p className="text-muted">No file changes.</p>;
  return (
    <div className="grid gap-4">
      {files.map((file) =>
        diffs || file.content === null ? (
          <DiffView key={file.path} name={file.path} diff={file.diff} />
        ) : (
          <CodeView key={file.path} name={file.path} text={file.content} />
        ),
      )}
    </div>
  );
}

function Commands({ plan }: { plan: Plan }) {
  if (plan.commands.length === 0) return <p className="text-muted">No command runs.</p>;
  const text = plan.commands.map(commandLine).join("\n");
  return (
    <div className="grid gap-2">
      <div className="flex items-center justify-between gap-2">
        <p className="text-muted">On {plan.device}, in this order:</p>
        <CopyButton text={text} />
      </div>
      <ol className="grid gap-1 rounded-control border border-border bg-canvas p-3">
        {plan.commands.map((argv, index) => (
          <li key={index}>
            <code>{commandLine(argv)}</code>
          </li>
        ))}
      </ol>
    </div>
  );
}

function Steps({ plan }: { plan: Plan }) {
  return (
    <ol className="grid gap-3">
      {plan.steps.map((step, index) => (
        <li key={step.name} className="flex gap-3">
          <span
            aria-hidden
            className="grid size-6 shrink-0 place-items-center rounded-full bg-raised text-meta tabular-nums"
          >
            {index + 1}
          </span>
          <div className="grid gap-0.5">
            <span className="font-medium">{stepLabel(step.name)}</span>
            <span>
              <Sentence text={step.does} />
            </span>
            <span className="text-table text-muted">
              {step.undo ? <Sentence text={`To undo: ${step.undo}`} /> : "Nothing to undo."}
            </span>
          </div>
        </li>
      ))}
    </ol>
  );
}
