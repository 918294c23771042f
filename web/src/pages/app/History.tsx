import { useMutation, useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams } from "@tanstack/react-router";
import { ChevronRight, Undo2 } from "lucide-react";
import { useState } from "react";
import * as api from "@/api/endpoints";
import { messageOf } from "@/api/problem";
import * as queries from "@/api/queries";
import type { Plan, RevisionView } from "@/api/types";
import { Loaded } from "@/components/Loaded";
import { useAboutApp, useBlocked } from "@/components/permissions";
import { useOperation } from "@/components/useOperation";
import { toast } from "@/lib/toasts";
import { EmptyState } from "@/ui/Banner";
import { Button } from "@/ui/Button";
import { DiffView } from "@/ui/Code";
import { StatusPill } from "@/ui/Status";
import { Ago } from "@/ui/Time";
import { ReviewPlan } from "./ReviewPlan";

/** Every version that was in force or tried, newest first, and the way back to each. */
export default function History() {
  const { name } = useParams({ from: "/shell/apps/$name/history" });
  const query = useQuery(queries.revisions(name));
  const [review, setReview] = useState<{ revision: number; plan: Plan } | null>(null);
  const blocked = useBlocked("deployment.rollback", useAboutApp(name));
  const navigate = useNavigate();
  const plan = useMutation({
    mutationFn: (revision: number) => api.planDeployment(name, { action: "rollback", revision }),
    onSuccess: (made, revision) => setReview({ revision, plan: made }),
    onError: (error) => toast(messageOf(error), { kind: "error" }),
  });
  const go = useOperation({
    quiet: true,
    onAccepted: ({ operation, unchanged }) => {
      if (unchanged) toast("This revision is in force already.");
      else void navigate({ to: "/operations/$id", params: { id: operation.id } });
    },
  });
  return (
    <Loaded query={query} what="the revisions">
      {(revisions) =>
        revisions.length === 0 ? (
          <EmptyState title="No revision yet">The first one is made when the app is deployed.</EmptyState>
        ) : (
          <div className="grid gap-4">
            <ol className="card grid divide-y divide-border">
              {[...revisions]
                .sort((a, b) => b.number - a.number)
                .map((revision) => (
                  <Revision
                    key={revision.number}
                    revision={revision}
                    blocked={blocked}
                    busy={plan.isPending && plan.variables === revision.number}
                    onRollBack={() => plan.mutate(revision.number)}
                  />
                ))}
            </ol>
            {review && (
              <ReviewPlan
                plan={review.plan}
                action={
                  <Button
                    look="primary"
                    icon={<Undo2 aria-hidden size={16} />}
                    reason={blocked}
                    busy={go.isPending}
                    onClick={() =>
                      go.mutate(() => api.rollBack(name, { revision: review.revision, plan_hash: review.plan.hash }))
                    }
                  >
                    Roll back to revision {review.revision}
                  </Button>
                }
              />
            )}
          </div>
        )
      }
    </Loaded>
  );
}

interface RevisionProps {
  revision: RevisionView;
  blocked: string | null;
  busy: boolean;
  onRollBack: () => void;
}

function Revision({ revision, blocked, busy, onRollBack }: RevisionProps) {
  return (
    <li className="grid gap-2 px-4 py-3">
      <div className="flex flex-wrap items-center gap-x-3 gap-y-2">
        <span className="font-medium">Revision {revision.number}</span>
        {revision.active && <StatusPill status="ok" label="In force" />}
        <span className="text-table text-muted">
          by {revision.actor}, <Ago at={revision.created_at} />,{" "}
          <Link to="/operations/$id" params={{ id: revision.operation_id }} className="link">
            operation
          </Link>
        </span>
        {!revision.active && (
          <Button
            size="small"
            className="ml-auto"
            icon={<Undo2 aria-hidden size={16} />}
            busy={busy}
            reason={blocked}
            onClick={onRollBack}
          >
            Roll back to {revision.number}
          </Button>
        )}
      </div>
      {revision.diff !== "" && (
        <details className="group min-w-0">
          <summary className="inline-flex min-h-8 list-none items-center gap-1.5 rounded-control pr-2 text-muted hover:text-text">
            <ChevronRight aria-hidden size={16} className="transition-transform group-open:rotate-90" />
            What changed
          </summary>
          <div className="pt-2">
            <DiffView name="compose.yaml" diff={revision.diff} />
          </div>
        </details>
      )}
    </li>
  );
}
