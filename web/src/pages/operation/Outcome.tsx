import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { Pencil, RotateCw, ScrollText } from "lucide-react";
import { retryOperation, submitOperation } from "@/api/endpoints";
import { messageOf } from "@/api/problem";
import * as queries from "@/api/queries";
import type { OperationDetail, StepRecord } from "@/api/types";
import { LinkButton } from "@/components/links";
import { useBlocked } from "@/components/permissions";
import { useOperation } from "@/components/useOperation";
import { plain } from "@/lib/ansi";
import { saveDraft } from "@/lib/draft";
import { isIrreversible, stepLabel } from "@/lib/names";
import { report } from "@/lib/report";
import { toast } from "@/lib/toasts";
import { Banner } from "@/ui/Banner";
import { Button } from "@/ui/Button";
import { CopyButton, CopyLine } from "@/ui/Copy";
import { Sentence } from "@/ui/Sentence";
import { StatusGlyph } from "@/ui/Status";

const RELEVANT = 10;

/** How it ended, or why it is being undone, before everything else. Shown the moment a step fails. */
export function Outcome({ operation }: { operation: OperationDetail }) {
  switch (operation.state) {
    case "succeeded":
      return <Succeeded operation={operation} />;
    case "rolling_back":
      return (
        <Failure
          operation={operation}
          status="warn"
          title={
            operation.cancel_requested && !operation.error ? "Cancelling: what was done is being undone." : undefined
          }
        />
      );
    case "rolled_back":
      return (
        <Failure
          operation={operation}
          status="warn"
          ending={
            isIrreversible(operation.kind)
              ? "It cannot be undone: what it did until then stays."
              : "Everything was undone. Nothing changed."
          }
        />
      );
    case "cancelled":
      return (
        <Failure
          operation={operation}
          status="off"
          title="Cancelled."
          ending={
            operation.targets.length > 0
              ? "What was done before stays done."
              : isIrreversible(operation.kind)
                ? "It cannot be undone: what it did until then stays."
                : "What was done was undone. Nothing changed."
          }
        />
      );
    case "needs_attention":
      return (
        <Failure
          operation={operation}
          status="crit"
          ending={operation.targets.length > 0 ? "What is done stays done." : "Not everything could be undone."}
        />
      );
    default:
      return null;
  }
}

/** What leaves an app running. */
const STARTS = ["deploy", "update", "rollback", "start", "restart"].map((verb) => `deployment.${verb}`);

function Succeeded({ operation }: { operation: OperationDetail }) {
  const deployed = operation.kind === "deployment.deploy";
  const starts = STARTS.includes(operation.kind);
  const { data } = useQuery({ ...queries.deployment(operation.target), enabled: starts });
  // The page may be opened long after: then the app may be stopped, or gone.
  const app = starts && data?.state === "running" ? data : undefined;
  const link = app?.links[0];
  if (!operation.changed) return <Banner status="ok" title="Nothing had to be changed." />;
  return (
    <Banner status="ok" title={app ? `${operation.target} runs.` : "Done."}>
      {link && (
        <p>
          It answers at{" "}
          <a href={link.url} target="_blank" rel="noreferrer" className="link">
            {link.url}
          </a>
        </p>
      )}
      {deployed && app?.post_install && <p className="whitespace-pre-line text-text">{app.post_install}</p>}
    </Banner>
  );
}

interface FailureProps {
  operation: OperationDetail;
  status: "warn" | "crit" | "off";
  title?: string;
  ending?: string;
}

function Failure({ operation, status, title, ending }: FailureProps) {
  const cause = title ?? operation.error?.message ?? "A step failed.";
  const undone = operation.steps
    .filter((step) => ["undone", "undoing", "undo_failed"].includes(step.state) || step.undone_at !== null)
    .sort((a, b) => b.ordinal - a.ordinal);
  return (
    <Banner role="alert" status={status} title={<Sentence text={cause} />} actions={<Buttons operation={operation} />}>
      {title && operation.error && (
        <p>
          <Sentence text={operation.error.message} />
        </p>
      )}
      {operation.error?.hint && (
        <p>
          <Sentence text={operation.error.hint} />
        </p>
      )}
      {operation.failed_step && <p>It failed at “{stepLabel(operation.failed_step)}”.</p>}
      <LastWords operation={operation} />
      {ending && <p className="font-medium text-text">{ending}</p>}
      {undone.length > 0 && (
        <>
          <p>Undone, last first:</p>
          <ol className="grid gap-1.5" aria-label="What was undone">
            {undone.map((step) => (
              <Undone
                key={step.ordinal}
                step={step}
                planned={operation.plan.steps.find((one) => one.name === step.name)?.undo}
              />
            ))}
          </ol>
        </>
      )}
      {operation.left_over.length > 0 && (
        <>
          <p className="font-medium text-text">What is left, and how to mend it:</p>
          <ul className="grid gap-2">
            {operation.left_over.map((line) => (
              <li key={line}>
                <CopyLine text={line} />
              </li>
            ))}
          </ul>
        </>
      )}
    </Banner>
  );
}

/** The end of what the failing step's commands printed. */
function LastWords({ operation }: { operation: OperationDetail }) {
  const failed = operation.steps.find((step) => step.name === operation.failed_step);
  const commands = operation.commands.filter(
    (command) => command.step === failed?.ordinal && !command.undo && command.output.trim() !== "",
  );
  const command = commands.findLast((one) => one.exit_code !== 0) ?? commands.at(-1);
  if (!command) return null;
  const lines = command.output.trimEnd().split("\n").slice(-RELEVANT).map(plain);
  return (
    <pre
      tabIndex={0}
      aria-label="Last lines of the failing step"
      className="my-1 max-h-56 overflow-auto rounded-control border border-border bg-canvas p-3 whitespace-pre-wrap text-text"
    >
      {lines.join("\n")}
    </pre>
  );
}

function Undone({ step, planned }: { step: StepRecord; planned?: string }) {
  const state = step.state === "undo_failed" ? "crit" : step.state === "undoing" ? "busy" : "ok";
  const word = { crit: "Not undone", busy: "Being undone", ok: "Undone" }[state];
  return (
    <li className="flex gap-2.5">
      <StatusGlyph status={state} className="mt-0.5" />
      <span>
        <span className="font-medium text-text">{stepLabel(step.name)}</span>
        <span className="sr-only"> ({word})</span>
        {(step.undo_note ?? planned) && (
          <>
            : <Sentence text={step.undo_note ?? planned ?? ""} />
          </>
        )}
      </span>
    </li>
  );
}

function Buttons({ operation }: { operation: OperationDetail }) {
  const done = operation.state !== "rolling_back";
  return (
    <>
      {done && <TryAgain operation={operation} />}
      {operation.deployment_id && operation.kind !== "deployment.deploy" && (
        <LinkButton
          to="/apps/$name/logs"
          params={{ name: operation.target }}
          size="small"
          icon={<ScrollText aria-hidden size={16} />}
        >
          Logs
        </LinkButton>
      )}
      <CopyButton text={report(operation)} label="Copy report" />
    </>
  );
}

/** Undo again, edit and try again, or simply ask again: whichever fits. */
function TryAgain({ operation }: { operation: OperationDetail }) {
  const client = useQueryClient();
  const navigate = useNavigate();
  const blockedRetry = useBlocked("operation.retry", operation);
  const blocked = useBlocked(operation.kind, operation);
  const retry = useMutation({
    mutationFn: () => retryOperation(operation.id),
    onSuccess: () => client.invalidateQueries({ queryKey: queries.keys.operations }),
    onError: (error) => toast(messageOf(error), { kind: "error" }),
  });
  const again = useOperation({
    quiet: true,
    onAccepted: (accepted) => void navigate({ to: "/operations/$id", params: { id: accepted.operation.id } }),
  });
  if (operation.state === "needs_attention") {
    return (
      <Button
        size="small"
        icon={<RotateCw aria-hidden size={16} />}
        busy={retry.isPending}
        reason={blockedRetry}
        onClick={() => retry.mutate()}
      >
        {operation.targets.length > 0 ? "Try those again" : "Try the undo again"}
      </Button>
    );
  }
  if (operation.kind === "deployment.deploy") {
    const slug = String(operation.request.application ?? operation.target);
    return (
      <LinkButton
        to="/deploy/$slug"
        params={{ slug }}
        size="small"
        icon={<Pencil aria-hidden size={16} />}
        onClick={() => saveDraft(`deploy.${slug}`, { request: operation.request })}
      >
        Edit and try again
      </LinkButton>
    );
  }
  if (operation.kind === "deployment.update") {
    return (
      <LinkButton
        to="/apps/$name/config"
        params={{ name: operation.target }}
        size="small"
        icon={<Pencil aria-hidden size={16} />}
      >
        Edit and try again
      </LinkButton>
    );
  }
  return (
    <Button
      size="small"
      icon={<RotateCw aria-hidden size={16} />}
      busy={again.isPending}
      reason={blocked}
      onClick={() => again.mutate(() => submitOperation({ ...operation.request, kind: operation.kind }))}
    >
      Try again
    </Button>
  );
}
