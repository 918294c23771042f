import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { changeDevice } from "@/api/endpoints";
import { messageOf } from "@/api/problem";
import * as queries from "@/api/queries";
import type { DeviceView } from "@/api/types";
import { aboutDevice, useBlocked } from "@/components/permissions";
import { toast } from "@/lib/toasts";
import { Button } from "@/ui/Button";
import { Card } from "@/ui/Card";

/** Whether a development instance may touch this device. */
export function Development({ device }: { device: DeviceView }) {
  const client = useQueryClient();
  const blocked = useBlocked("device.manage", aboutDevice(device));
  const here = useQuery(queries.version).data?.development === true;
  const change = useMutation({
    mutationFn: (development: boolean) => changeDevice(device.id, { development }),
    onSuccess: (now) => {
      client.setQueryData([...queries.keys.devices, device.id], now);
      void client.invalidateQueries({ queryKey: queries.keys.devices });
    },
    onError: (error) => toast(messageOf(error), { kind: "error" }),
  });
  // Who has only one instance need not think about this.
  if (!here && !device.development) return null;
  return (
    <Card title="Development">
      <div className="flex flex-wrap items-center justify-between gap-3">
        <p className="min-w-0 flex-1 basis-64">
          {device.development
            ? "This device is marked as a development device: a development instance may change it."
            : "This device is not marked as a development device, so this development instance changes nothing on it."}
        </p>
        <Button
          look={device.development ? undefined : "primary"}
          busy={change.isPending}
          reason={blocked}
          onClick={() => change.mutate(!device.development)}
        >
          {device.development ? "Take the mark away" : "Mark as a development device"}
        </Button>
      </div>
    </Card>
  );
}
