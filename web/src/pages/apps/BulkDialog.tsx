import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useRef, useState } from "react";
import { planOperation, submitOperation } from "@/api/endpoints";
import { messageOf } from "@/api/problem";
import type { BulkAction, DeploymentView, PlannedTarget } from "@/api/types";
import { Risks } from "@/components/PlanView";
import { useOperation } from "@/components/useOperation";
import { count } from "@/lib/format";
import { Banner, Skeleton } from "@/ui/Banner";
import { Button } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { Sentence } from "@/ui/Sentence";
import { StatusGlyph } from "@/ui/Status";
import { VERBS } from "./verbs";

interface BulkDialogProps {
  action: BulkAction;
  apps: DeploymentView[];
  onClose: () => void;
  onDone: () => void;
}

/** What would be done to each of many apps; each can be left out before. */
export function BulkDialog({ action, apps, onClose, onDone }: BulkDialogProps) {
  const [left, setLeft] = useState<ReadonlySet<string>>(new Set());
  const cancel = useRef<HTMLButtonElement>(null);
  const navigate = useNavigate();
  const request = (ids: string[]) => ({ kind: "deployment.bulk", action, deployment_ids: ids });
  const all = apps.map((app) => app.id);
  const plan = useQuery({
    queryKey: ["plan", "bulk", action, all],
    queryFn: ({ signal }) => planOperation(request(all), signal),
    staleTime: 0,
    gcTime: 0,
    retry: false,
  });
  const chosen = all.filter((id) => !left.has(id));
  const ask = useOperation({
    quiet: true,
    onAccepted: ({ operation }) => {
      onDone();
      onClose();
      void navigate({ to: "/operations/$id", params: { id: operation.id } });
    },
  });
  const toggle = (id: string) => {
    const next = new Set(left);
    if (!next.delete(id)) next.add(id);
    setLeft(next);
  };
  const words = `${VERBS[action]} ${count(chosen.length, "app")}`;
  return (
    <Dialog
      open
      onClose={onClose}
      title={`${VERBS[action]} ${count(apps.length, "app")}`}
      initialFocus={cancel}
      description="Each app is an operation of its own: what fails for one does not hold up the others."
      actions={
        <>
          <Button ref={cancel} onClick={onClose}>
            Cancel
          </Button>
          <Button
            look="primary"
            busy={ask.isPending}
            reason={chosen.length === 0 ? "No app is left." : plan.data ? null : "Wait for the plan."}
            onClick={() => ask.mutate(() => submitOperation(request(chosen)))}
          >
            {words}
          </Button>
        </>
      }
    >
      {plan.isPending && <Skeleton className="h-8" rows={Math.min(apps.length, 6)} />}
      {plan.isError && (
        <Banner
          status="crit"
          role="alert"
          title={messageOf(plan.error)}
          actions={
            <Button size="small" onClick={() => void plan.refetch()}>
              Try again
            </Button>
          }
        />
      )}
      {plan.data && (
        <>
          <ul className="grid divide-y divide-border" aria-label="What would be done">
            {plan.data.targets.map((target) => (
              <Target
                key={target.deployment_id}
                target={target}
                chosen={!left.has(target.deployment_id)}
                onToggle={() => toggle(target.deployment_id)}
              />
            ))}
          </ul>
          <Risks risks={plan.data.risks} />
        </>
      )}
    </Dialog>
  );
}

function Target({ target, chosen, onToggle }: { target: PlannedTarget; chosen: boolean; onToggle: () => void }) {
  return (
    <li>
      <label className="flex min-h-11 items-start gap-3 py-2">
        <input type="checkbox" className="mt-1 size-4 accent-accent-fill" checked={chosen} onChange={onToggle} />
        <span className="grid min-w-0">
          <span className="font-medium">{target.name}</span>
          <span className="flex items-start gap-2 text-table text-muted">
            {target.refusal && <StatusGlyph status="crit" className="mt-0.5" />}
            <span>
              <Sentence
                text={
                  target.refusal?.message ?? (target.changed ? target.summary : "It is so already; nothing is done.")
                }
              />
            </span>
          </span>
        </span>
      </label>
    </li>
  );
}
