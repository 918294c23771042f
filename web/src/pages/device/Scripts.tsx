import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { Play } from "lucide-react";
import { planOperation, submitOperation } from "@/api/endpoints";
import * as queries from "@/api/queries";
import type { DeviceView, ScriptView } from "@/api/types";
import { Loaded } from "@/components/Loaded";
import { aboutDevice, useBlocked } from "@/components/permissions";
import { useOperation } from "@/components/useOperation";
import { duration } from "@/lib/format";
import { operationState } from "@/lib/names";
import { Banner } from "@/ui/Banner";
import { Card } from "@/ui/Card";
import { ConfirmPopover } from "@/ui/ConfirmPopover";
import { Sentence } from "@/ui/Sentence";
import { StatusText } from "@/ui/Status";
import { Ago } from "@/ui/Time";

/** Host maintenance scripts: what root has put in place, to be run by name. */
export function Scripts({ device }: { device: DeviceView }) {
  const query = useQuery(queries.scripts(device.id));
  return (
    <Card
      title="Scripts"
      flush
      aside={
        query.data && (
          <>
            in <code>{query.data.folder}</code>, run as {query.data.runs_as}
          </>
        )
      }
    >
      <Loaded query={query} what="the scripts">
        {({ folder, problem, scripts }) => (
          <>
            {problem && (
              <div className="p-4">
                <Banner status="off" title={<Sentence text={problem} />}>
                  <p>
                    Steward runs scripts from <code>{folder}</code> when the folder, all above it and the scripts belong
                    to root, and nobody else can write to them.
                  </p>
                </Banner>
              </div>
            )}
            {!problem && scripts.length === 0 && (
              <p className="p-4 text-muted">
                There is none. Root puts executable files into <code>{folder}</code>.
              </p>
            )}
            {scripts.length > 0 && (
              <ul className="grid divide-y divide-border">
                {scripts.map((script) => (
                  <Row key={script.name} device={device} script={script} />
                ))}
              </ul>
            )}
          </>
        )}
      </Loaded>
    </Card>
  );
}

function Row({ device, script }: { device: DeviceView; script: ScriptView }) {
  const blocked = useBlocked("script.run", aboutDevice(device));
  const navigate = useNavigate();
  const { last_run: last } = script;
  const go = useOperation({
    quiet: true,
    onAccepted: ({ operation }) => void navigate({ to: "/operations/$id", params: { id: operation.id } }),
  });
  // Bound to the text that is there now: a script that changes before it begins is not run.
  const ask = async () => {
    const request = { kind: "script.run", device_id: device.id, script: script.name };
    const { hash } = await planOperation(request);
    return submitOperation({ ...request, plan_hash: hash });
  };
  return (
    <li className="flex flex-wrap items-start gap-x-4 gap-y-2 px-4 py-2.5">
      <div className="grid min-w-0 flex-1 basis-56 gap-0.5">
        <span className="font-medium">{script.title ?? <code>{script.name}</code>}</span>
        {script.title && <code className="text-table text-muted">{script.name}</code>}
        {script.description && <span className="text-muted">{script.description}</span>}
        {script.refused && (
          <span className="flex flex-wrap items-center gap-2 text-table">
            <StatusText status="crit" label="Refused" /> <Sentence text={script.refused} />
          </span>
        )}
        {last && (
          <span className="flex flex-wrap items-center gap-x-2 text-table text-muted">
            <StatusText {...operationState("script.run", last.state)} />
            <Link to="/operations/$id" params={{ id: last.operation_id }} className="link">
              last run
            </Link>
            <span>
              <Ago at={last.created_at} /> by {last.actor}
            </span>
          </span>
        )}
      </div>
      <ConfirmPopover
        size="small"
        icon={<Play aria-hidden size={16} />}
        aria-label={`Run ${script.name}`}
        busy={go.isPending}
        reason={blocked ?? (script.refused ? `It is refused: ${script.refused}.` : null)}
        question={`Run ${script.name} on ${device.name}?`}
        detail={`Steward cannot undo what it does. It is ended after ${duration(script.deadline_seconds * 1000)}.`}
        confirm={`Run ${script.name}`}
        onConfirm={() => go.mutate(ask)}
      >
        Run
      </ConfirmPopover>
    </li>
  );
}
