import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { useEffect, useRef } from "react";
import * as queries from "@/api/queries";
import type { OperationDetail } from "@/api/types";
import { CommandList } from "@/components/CommandList";
import { Loaded } from "@/components/Loaded";
import { LinkButton } from "@/components/links";
import { OperationSteps } from "@/components/OperationSteps";
import { Page } from "@/components/Page";
import { useMay } from "@/components/permissions";
import { PlanView } from "@/components/PlanView";
import { announce } from "@/lib/announce";
import { pendingDeletions } from "@/lib/after-removal";
import { count, duration } from "@/lib/format";
import { OPERATION, isAtRest, operationState, operationTitle, stepLabel } from "@/lib/names";
import { useStore } from "@/lib/store";
import { Banner, EmptyState, Skeleton } from "@/ui/Banner";
import { Card, Facts } from "@/ui/Card";
import { StatusPill } from "@/ui/Status";
import { Ago, When } from "@/ui/Time";
import { Cancel } from "./Cancel";
import { Outcome } from "./Outcome";
import { Targets } from "./Targets";

export default function Operation() {
  const { id } = useParams({ from: "/shell/operations/$id" });
  const query = useQuery({
    ...queries.operation(id),
    // Events bring changes at once; this is for when one is lost.
    refetchInterval: ({ state }) => (state.data && isAtRest(state.data.state) ? false : 3000),
  });
  const operation = query.data;
  const title = operation ? operationTitle(operation) : "Operation";
  useAnnouncement(operation);
  return (
    <Page
      title={title}
      documentTitle={operation && !isAtRest(operation.state) ? `${stateWord(operation)} · ${title}` : title}
      above={
        <>
          <Link to="/activity" className="link">
            Activity
          </Link>{" "}
          / <code>{id}</code>
        </>
      }
      below={operation && <Below operation={operation} />}
      actions={operation && <Actions operation={operation} />}
    >
      <Loaded
        query={query}
        what="this operation"
        skeleton={<Skeleton className="h-16" rows={4} />}
        notFound={
          <EmptyState
            title="There is no such operation"
            action={<LinkButton to="/activity">All operations</LinkButton>}
          />
        }
      >
        {(found) => <Body operation={found} />}
      </Loaded>
    </Page>
  );
}

function stateWord(operation: OperationDetail): string {
  return operation.current_step ? stepLabel(operation.current_step) : OPERATION[operation.state].label;
}

/** Says aloud which step is reached; the page itself changes silently. */
function useAnnouncement(operation: OperationDetail | undefined) {
  const last = useRef<string | null>(null);
  const word = operation
    ? `${operationTitle(operation)}: ${isAtRest(operation.state) ? OPERATION[operation.state].label : stateWord(operation)}`
    : null;
  useEffect(() => {
    if (word && last.current !== null && last.current !== word) announce(word);
    last.current = word;
  }, [word]);
}

function Below({ operation }: { operation: OperationDetail }) {
  const { status, label } = operationState(operation.kind, operation.state);
  return (
    <span className="flex flex-wrap items-center gap-x-2 gap-y-1">
      <StatusPill status={status} label={label} />
      <span>
        by {operation.actor}, <Ago at={operation.created_at} />
        {operation.finished_at &&
          operation.started_at &&
          `, took ${duration(operation.finished_at - operation.started_at)}`}
      </span>
    </span>
  );
}

function Actions({ operation }: { operation: OperationDetail }) {
  if (!isAtRest(operation.state)) return <Cancel operation={operation} />;
  if (operation.kind === "steward.backup" && operation.state === "succeeded")
    return <LinkButton to="/settings/backups">Go to the backups</LinkButton>;
  const stays = operation.deployment_id !== null && operation.kind !== "deployment.remove";
  if (operation.state !== "succeeded" || !stays) return null;
  return (
    <LinkButton to="/apps/$name" params={{ name: operation.target }} look="primary">
      Go to {operation.target}
    </LinkButton>
  );
}

function Body({ operation }: { operation: OperationDetail }) {
  const mayFiles = useMay("files.read", operation);
  const pending = useStore(pendingDeletions).find((one) => one.operation_id === operation.id);
  return (
    <div className="grid gap-4">
      {operation.state === "queued" && operation.waiting && (
        <Banner status="busy" title="Waiting for another operation">
          <p>
            It holds <code>{operation.waiting.lock}</code>.{" "}
            <Link to="/operations/$id" params={{ id: operation.waiting.held_by }} className="link">
              Show it
            </Link>
          </p>
        </Banner>
      )}
      {pending && (
        <Banner
          status="warn"
          title={`Once this has succeeded, ${count(pending.volumes.length, "volume")} will be deleted:`}
        >
          <p>{pending.volumes.map((volume) => volume.name).join(", ")}. Keep this tab open until then.</p>
        </Banner>
      )}
      {operation.parent_id && (
        <p>
          A part of{" "}
          <Link to="/operations/$id" params={{ id: operation.parent_id }} className="link">
            an operation on many apps
          </Link>
          .
        </p>
      )}
      <Outcome operation={operation} />
      <Targets operation={operation} />
      <div className="grid items-start gap-4 lg:grid-cols-[minmax(0,1fr)_minmax(0,1.2fr)]">
        <Card title="Steps">
          {operation.steps.length > 0 ? (
            <OperationSteps operation={operation} />
          ) : (
            <p className="text-muted">It has not begun yet.</p>
          )}
        </Card>
        <div className="grid min-w-0 gap-4">
          <Card title="Commands" aside={count(operation.commands.length, "command")}>
            {mayFiles ? (
              <CommandList commands={operation.commands} />
            ) : (
              <p className="text-muted">Your role does not show commands.</p>
            )}
          </Card>
          <Card title="Details">
            <Facts
              items={[
                ["Device", operation.plan.device],
                ["Asked by", operation.actor],
                ["Accepted", <When key="a" at={operation.created_at} />],
                ["Began", <When key="b" at={operation.started_at} />],
                ["Ended", <When key="e" at={operation.finished_at} />],
              ]}
            />
          </Card>
        </div>
      </div>
      <Card title="Plan">
        <PlanView plan={operation.plan} filesFirst={operation.kind !== "deployment.deploy"} />
      </Card>
    </div>
  );
}
