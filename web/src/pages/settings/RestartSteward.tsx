import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { RotateCw } from "lucide-react";
import { useRef, useState } from "react";
import { planOperation, submitOperation } from "@/api/endpoints";
import { messageOf } from "@/api/problem";
import { Checks } from "@/components/Checks";
import { useBlocked } from "@/components/permissions";
import { Risks } from "@/components/PlanView";
import { useOperation } from "@/components/useOperation";
import { Banner, Skeleton } from "@/ui/Banner";
import { Button } from "@/ui/Button";
import { Card } from "@/ui/Card";
import { Dialog } from "@/ui/Dialog";

const REQUEST = { kind: "steward.restart" };

/** A new process of Steward, with the same data at the same address. */
export function RestartSteward() {
  const blocked = useBlocked("steward.restart");
  const [asking, setAsking] = useState(false);
  return (
    <Card
      title="Restart"
      aside={
        <Button size="small" icon={<RotateCw aria-hidden size={16} />} reason={blocked} onClick={() => setAsking(true)}>
          Restart Steward
        </Button>
      }
    >
      <p>
        A new process takes over: the same data, the same address, the program that is installed now. Apps go on
        running.
      </p>
      {asking && <RestartDialog onClose={() => setAsking(false)} />}
    </Card>
  );
}

function RestartDialog({ onClose }: { onClose: () => void }) {
  const cancel = useRef<HTMLButtonElement>(null);
  const navigate = useNavigate();
  const plan = useQuery({
    queryKey: ["plan", "restart"],
    queryFn: ({ signal }) => planOperation(REQUEST, signal),
    staleTime: 0,
    gcTime: 0,
    retry: false,
  });
  const ask = useOperation({
    quiet: true,
    onAccepted: ({ operation }) => {
      onClose();
      void navigate({ to: "/operations/$id", params: { id: operation.id } });
    },
  });
  const failed = plan.data?.checks.find((check) => check.status === "fail");
  return (
    <Dialog
      open
      onClose={onClose}
      title="Restart Steward"
      initialFocus={cancel}
      description="This page waits for the new process and then shows what came of it."
      actions={
        <>
          <Button ref={cancel} onClick={onClose}>
            Cancel
          </Button>
          <Button
            look="primary"
            busy={ask.isPending}
            reason={plan.data ? (failed?.message ?? null) : "Wait for the plan."}
            onClick={() => ask.mutate(() => submitOperation({ ...REQUEST, plan_hash: plan.data?.hash }))}
          >
            Restart Steward
          </Button>
        </>
      }
    >
      {plan.isPending && <Skeleton className="h-8" rows={2} />}
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
          <Checks checks={plan.data.checks} />
          <Risks risks={plan.data.risks} />
        </>
      )}
    </Dialog>
  );
}
