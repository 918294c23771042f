import { useMutation, useQueryClient } from "@tanstack/react-query";
import { cancelOperation } from "@/api/endpoints";
import { messageOf } from "@/api/problem";
import { keys } from "@/api/queries";
import type { OperationDetail } from "@/api/types";
import { useBlocked } from "@/components/permissions";
import { stepLabel } from "@/lib/names";
import { toast } from "@/lib/toasts";
import { ConfirmPopover } from "@/ui/ConfirmPopover";

/** Stops an operation; says before what it will undo. */
export function Cancel({ operation }: { operation: OperationDetail }) {
  const client = useQueryClient();
  const blocked = useBlocked("operation.cancel", operation);
  const go = useMutation({
    mutationFn: () => cancelOperation(operation.id),
    onSuccess: () => client.invalidateQueries({ queryKey: keys.operations }),
    onError: (error) => toast(messageOf(error), { kind: "error" }),
  });
  const already = operation.cancel_requested
    ? "Cancelling is under way."
    : operation.state === "rolling_back"
      ? "It is being undone already."
      : null;
  const undo = operation.steps
    .filter((step) => step.state === "done" || step.state === "running")
    .map((step) => operation.plan.steps.find((planned) => planned.name === step.name))
    .filter((step) => step !== undefined && step.undo !== "")
    .reverse();
  return (
    <ConfirmPopover
      reason={blocked ?? already}
      busy={go.isPending}
      question="Cancel this operation?"
      detail={
        undo.length > 0 ? (
          <>
            What was done is undone, last first:
            <ul className="mt-1 list-disc pl-5">
              {undo.map((step) => step && <li key={step.name}>{step.undo || stepLabel(step.name)}</li>)}
            </ul>
          </>
        ) : (
          "Nothing has been changed so far."
        )
      }
      confirm="Cancel and undo"
      onConfirm={() => go.mutate()}
    >
      {operation.cancel_requested ? "Cancelling" : "Cancel"}
    </ConfirmPopover>
  );
}
