import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useRef, useState } from "react";
import { removeDeployment } from "@/api/endpoints";
import * as queries from "@/api/queries";
import type { DeploymentView } from "@/api/types";
import { addPendingDeletion } from "@/lib/after-removal";
import { count } from "@/lib/format";
import { Button } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { CheckField, TextField } from "@/ui/Field";
import { useBlocked } from "./permissions";
import { useOperation } from "./useOperation";

/** Removing keeps the data. Deleting it is a second choice, and asks for the name. */
export function RemoveDialog({ app, onClose }: { app: DeploymentView; onClose: () => void }) {
  const volumes = (useQuery(queries.volumes).data ?? []).filter((volume) => volume.deployment === app.name);
  const mayDelete = useBlocked("volume.delete", { device_id: app.device_id });
  const [withData, setWithData] = useState(false);
  const [typed, setTyped] = useState("");
  const cancel = useRef<HTMLButtonElement>(null);
  const navigate = useNavigate();
  const remove = useOperation({
    quiet: true,
    onAccepted: ({ operation }) => {
      if (withData) {
        addPendingDeletion({
          operation_id: operation.id,
          deployment: app.name,
          volumes: volumes.map(({ device_id, name }) => ({ device_id, name })),
        });
      }
      onClose();
      void navigate({ to: "/operations/$id", params: { id: operation.id } });
    },
  });
  const ready = !withData || typed === app.name;
  const go = () => remove.mutate(() => removeDeployment(app.name));
  return (
    <Dialog
      open
      onClose={onClose}
      title={`Remove ${app.name}`}
      initialFocus={cancel}
      description={
        <ul className="grid list-disc gap-1 pl-5">
          <li>{count(app.services.length, "container")}, its network and its generated files are removed.</li>
          <li>
            {volumes.length > 0
              ? `Its data stays: ${volumes.map((volume) => volume.name).join(", ")}.`
              : "It has no data of its own."}
          </li>
        </ul>
      }
      actions={
        <>
          <Button ref={cancel} onClick={onClose}>
            Cancel
          </Button>
          <Button
            look="danger"
            busy={remove.isPending}
            reason={ready ? null : `Type ${app.name} to confirm.`}
            onClick={go}
          >
            {withData ? `Remove ${app.name} and delete its data` : `Remove ${app.name}`}
          </Button>
        </>
      }
    >
      {volumes.length > 0 && (
        <CheckField
          label={`Also delete its data (${count(volumes.length, "volume")})`}
          help={mayDelete ?? "This cannot be undone. The volumes are deleted once the removal has succeeded."}
          checked={withData}
          disabled={mayDelete !== null}
          onChange={(event) => setWithData(event.target.checked)}
        />
      )}
      {withData && (
        <TextField
          label={`Type ${app.name} to confirm`}
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
          value={typed}
          onChange={(event) => setTyped(event.target.value)}
        />
      )}
    </Dialog>
  );
}
