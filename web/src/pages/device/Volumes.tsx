import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { Trash2 } from "lucide-react";
import { useRef, useState } from "react";
import { submitOperation } from "@/api/endpoints";
import * as queries from "@/api/queries";
import type { DeviceView, VolumeView } from "@/api/types";
import { Loaded } from "@/components/Loaded";
import { aboutDevice, useBlocked } from "@/components/permissions";
import { useOperation } from "@/components/useOperation";
import { Button } from "@/ui/Button";
import { Card } from "@/ui/Card";
import { Dialog } from "@/ui/Dialog";
import { TextField } from "@/ui/Field";

/** The data that apps keep here, also of apps that were removed. */
export function Volumes({ device }: { device: DeviceView }) {
  const query = useQuery(queries.volumes);
  const [deleting, setDeleting] = useState<VolumeView | null>(null);
  const blocked = useBlocked("volume.delete", aboutDevice(device));
  return (
    <Card title="Data of apps" flush>
      <Loaded query={query} what="volumes">
        {(all) => {
          const here = all.filter((volume) => volume.device_id === device.id);
          if (here.length === 0) return <p className="p-4 text-muted">No volume was made here.</p>;
          return (
            <ul className="grid divide-y divide-border">
              {here.map((volume) => (
                <li key={volume.name} className="flex flex-wrap items-center gap-x-4 gap-y-1 px-4 py-2">
                  <div className="grid min-w-0 flex-1 basis-48">
                    <code>{volume.name}</code>
                    <span className="text-table text-muted">
                      {volume.deployment ? `of ${volume.deployment}` : "of an app that is not known"}
                      {volume.in_use ? "" : ", not in use"}
                    </span>
                  </div>
                  <Button
                    size="small"
                    look="ghost"
                    icon={<Trash2 aria-hidden size={16} />}
                    reason={blocked ?? (volume.in_use ? "It is in use. Remove the app first." : null)}
                    onClick={() => setDeleting(volume)}
                  >
                    Delete
                  </Button>
                </li>
              ))}
            </ul>
          );
        }}
      </Loaded>
      {deleting && <DeleteDialog volume={deleting} onClose={() => setDeleting(null)} />}
    </Card>
  );
}

function DeleteDialog({ volume, onClose }: { volume: VolumeView; onClose: () => void }) {
  const [typed, setTyped] = useState("");
  const cancel = useRef<HTMLButtonElement>(null);
  const navigate = useNavigate();
  const go = useOperation({
    quiet: true,
    onAccepted: ({ operation }) => {
      onClose();
      void navigate({ to: "/operations/$id", params: { id: operation.id } });
    },
  });
  const ask = () =>
    submitOperation({ kind: "volume.delete", device_id: volume.device_id, volume: volume.name, confirm: typed });
  return (
    <Dialog
      open
      onClose={onClose}
      title={`Delete ${volume.name}`}
      initialFocus={cancel}
      description={<p>All that is in this volume is lost. This cannot be undone.</p>}
      actions={
        <>
          <Button ref={cancel} onClick={onClose}>
            Cancel
          </Button>
          <Button
            look="danger"
            busy={go.isPending}
            reason={typed === volume.name ? null : `Type ${volume.name} to confirm.`}
            onClick={() => go.mutate(ask)}
          >
            Delete {volume.name}
          </Button>
        </>
      }
    >
      <TextField
        label={`Type ${volume.name} to confirm`}
        autoComplete="off"
        autoCapitalize="none"
        spellCheck={false}
        value={typed}
        onChange={(event) => setTyped(event.target.value)}
      />
    </Dialog>
  );
}
