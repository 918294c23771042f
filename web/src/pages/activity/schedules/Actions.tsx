import { useIsMutating, useMutation, useQueryClient } from "@tanstack/react-query";
import { Pause, Pencil, Play, Trash2, Zap } from "lucide-react";
import { useState } from "react";
import * as api from "@/api/endpoints";
import { messageOf } from "@/api/problem";
import * as queries from "@/api/queries";
import type { ScheduleView } from "@/api/types";
import { useBlocked } from "@/components/permissions";
import { useOperation } from "@/components/useOperation";
import { toast } from "@/lib/toasts";
import { Button } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { ScheduleForm } from "./ScheduleForm";

interface Props {
  schedule: ScheduleView;
  /** What happens when it is gone. */
  onRemoved?: () => Promise<void>;
}

const removal = (name: string) => ["remove-schedule", name];

/** Whether a schedule is being removed here: until the page is left, nobody asks for it any more. */
export const useBeingRemoved = (name: string): boolean => useIsMutating({ mutationKey: removal(name) }) > 0;

/** Run now, pause or resume, change, remove. */
export function ScheduleActions({ schedule, onRemoved }: Props) {
  const { name, enabled } = schedule;
  const client = useQueryClient();
  const mayManage = useBlocked("schedules.manage", "somewhere");
  const mayAsk = useBlocked(schedule.request.kind, "somewhere");
  const blocked = mayManage ?? mayAsk;
  const ask = useOperation();
  const [editing, setEditing] = useState(false);
  const [removing, setRemoving] = useState(false);
  const old = () => client.invalidateQueries({ queryKey: queries.keys.schedules });
  const failed = (error: unknown) => toast(messageOf(error), { kind: "error" });
  const set = useMutation({
    mutationFn: () => api.setSchedule(name, enabled ? "pause" : "resume"),
    onSuccess: old,
    onError: failed,
  });
  const remove = useMutation({
    mutationKey: removal(name),
    mutationFn: () => api.removeSchedule(name),
    onSuccess: async () => {
      setRemoving(false);
      await onRemoved?.();
      return old();
    },
    onError: failed,
  });
  const small = { size: "small", look: "ghost" } as const;
  return (
    <>
      <Button
        {...small}
        icon={<Zap aria-hidden size={16} />}
        reason={mayAsk}
        busy={ask.isPending}
        onClick={() => ask.mutate(() => api.runSchedule(name))}
      >
        Run now
      </Button>
      <Button
        {...small}
        icon={enabled ? <Pause aria-hidden size={16} /> : <Play aria-hidden size={16} />}
        reason={blocked}
        busy={set.isPending}
        onClick={() => set.mutate()}
      >
        {enabled ? "Pause" : "Resume"}
      </Button>
      <Button {...small} icon={<Pencil aria-hidden size={16} />} reason={blocked} onClick={() => setEditing(true)}>
        Change
      </Button>
      <Button {...small} icon={<Trash2 aria-hidden size={16} />} reason={blocked} onClick={() => setRemoving(true)}>
        Remove
      </Button>
      {editing && <ScheduleForm start={{ schedule }} onClose={() => setEditing(false)} />}
      <Dialog
        open={removing}
        onClose={() => setRemoving(false)}
        title={`Remove ${name}`}
        description={
          <p>
            It does not run any more, and the record of its runs goes. Its operations and the audit stay. Pausing it
            keeps everything.
          </p>
        }
        actions={
          <>
            <Button onClick={() => setRemoving(false)}>Cancel</Button>
            <Button look="danger" busy={remove.isPending} onClick={() => remove.mutate()}>
              Remove {name}
            </Button>
          </>
        }
      />
    </>
  );
}
