import { useQuery } from "@tanstack/react-query";
import { useEffect } from "react";
import { submitOperation } from "@/api/endpoints";
import { isNotFound, messageOf } from "@/api/problem";
import * as queries from "@/api/queries";
import { pendingDeletions, takePendingDeletion, type PendingDeletion } from "@/lib/after-removal";
import { isAtRest } from "@/lib/names";
import { useStore } from "@/lib/store";
import { toast } from "@/lib/toasts";

async function deleteVolumes(pending: PendingDeletion) {
  for (const volume of pending.volumes) {
    try {
      await submitOperation({
        kind: "volume.delete",
        device_id: volume.device_id,
        volume: volume.name,
        confirm: volume.name,
      });
    } catch (error) {
      toast(`The volume ${volume.name} was not deleted. ${messageOf(error)}`, { kind: "error" });
      return;
    }
  }
  toast(`The data of ${pending.deployment} is being deleted.`, {
    link: { label: "Show operations", href: "/activity" },
  });
}

/** Waits for removals whose data is to be deleted too, on whatever page the person is. */
export function AfterRemoval() {
  return useStore(pendingDeletions).map((pending) => <Watch key={pending.operation_id} pending={pending} />);
}

function Watch({ pending }: { pending: PendingDeletion }) {
  const { data, error } = useQuery({ ...queries.operation(pending.operation_id), refetchInterval: 5000 });
  const state = data?.state;
  const gone = isNotFound(error);
  useEffect(() => {
    if (!gone && (!state || !isAtRest(state))) return;
    const taken = takePendingDeletion(pending.operation_id);
    if (taken && state === "succeeded") void deleteVolumes(taken);
    else if (taken) toast(`${taken.deployment} was not removed, so its data was kept.`, { kind: "error" });
  }, [state, gone, pending.operation_id]);
  return null;
}
