import { ExternalLink, Play, RotateCw, ScrollText, Square, Trash2 } from "lucide-react";
import { useState } from "react";
import { actOn } from "@/api/endpoints";
import type { DeploymentView } from "@/api/types";
import { kindVerb } from "@/lib/names";
import { Button } from "@/ui/Button";
import { ConfirmPopover } from "@/ui/ConfirmPopover";
import { LinkButton, OutsideButton } from "./links";
import { aboutApp, useBlocked } from "./permissions";
import { RemoveDialog } from "./RemoveDialog";
import { useOperation } from "./useOperation";

const icon = (Icon: typeof Play) => <Icon aria-hidden size={16} />;

/** Why nothing can be asked of this app just now: its lock is held, and by what. */
function busyReason(app: DeploymentView): string | null {
  if (!app.busy) return null;
  return `${kindVerb(app.busy.kind)} is under way; wait for it or cancel it.`;
}

/** Restart, stop, start, remove: the actions of an app's own page. */
export function DeploymentActions({ app }: { app: DeploymentView }) {
  const busy = busyReason(app);
  const mayStart = useBlocked("deployment.start", aboutApp(app));
  const mayStop = useBlocked("deployment.stop", aboutApp(app));
  const mayRestart = useBlocked("deployment.restart", aboutApp(app));
  const mayRemove = useBlocked("deployment.remove", aboutApp(app));
  const ask = useOperation();
  const [removing, setRemoving] = useState(false);
  const act = (action: "start" | "stop" | "restart") => ask.mutate(() => actOn(app.name, action));
  const stopped = app.desired === "stopped";
  const link = app.links[0];
  return (
    <>
      {link && app.state !== "stopped" && (
        <OutsideButton href={link.url} look="primary" icon={icon(ExternalLink)}>
          Open
        </OutsideButton>
      )}
      {stopped ? (
        <Button icon={icon(Play)} busy={ask.isPending} reason={mayStart ?? busy} onClick={() => act("start")}>
          Start
        </Button>
      ) : (
        <>
          <Button icon={icon(RotateCw)} busy={ask.isPending} reason={mayRestart ?? busy} onClick={() => act("restart")}>
            Restart
          </Button>
          <ConfirmPopover
            icon={icon(Square)}
            reason={mayStop ?? busy}
            question={`Stop ${app.name}?`}
            detail="It is out of reach until it is started again. Its data stays."
            confirm={`Stop ${app.name}`}
            onConfirm={() => act("stop")}
          >
            Stop
          </ConfirmPopover>
        </>
      )}
      <Button look="ghost" icon={icon(Trash2)} reason={mayRemove ?? busy} onClick={() => setRemoving(true)}>
        Remove
      </Button>
      {removing && <RemoveDialog app={app} onClose={() => setRemoving(false)} />}
    </>
  );
}

/** What a row of a list offers. */
export function QuickActions({ app }: { app: DeploymentView }) {
  const busy = busyReason(app);
  const mayStart = useBlocked("deployment.start", aboutApp(app));
  const mayRestart = useBlocked("deployment.restart", aboutApp(app));
  const ask = useOperation();
  const link = app.links[0];
  return (
    <>
      {app.desired === "stopped" ? (
        <Button
          size="small"
          look="ghost"
          icon={icon(Play)}
          busy={ask.isPending}
          reason={mayStart ?? busy}
          onClick={() => ask.mutate(() => actOn(app.name, "start"))}
        >
          Start
        </Button>
      ) : (
        <Button
          size="small"
          look="ghost"
          icon={icon(RotateCw)}
          busy={ask.isPending}
          reason={mayRestart ?? busy}
          onClick={() => ask.mutate(() => actOn(app.name, "restart"))}
        >
          Restart
        </Button>
      )}
      <LinkButton to="/apps/$name/logs" params={{ name: app.name }} size="small" look="ghost" icon={icon(ScrollText)}>
        Logs
      </LinkButton>
      {link && app.state === "running" && (
        <OutsideButton href={link.url} size="small" look="ghost" icon={icon(ExternalLink)}>
          Open
        </OutsideButton>
      )}
    </>
  );
}
