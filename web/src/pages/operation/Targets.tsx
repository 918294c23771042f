import { Link } from "@tanstack/react-router";
import type { OperationDetail, TargetResult } from "@/api/types";
import { count } from "@/lib/format";
import { OPERATION, isAtRest, type Named } from "@/lib/names";
import { Card } from "@/ui/Card";
import { Sentence } from "@/ui/Sentence";
import { StatusPill } from "@/ui/Status";

function result(target: TargetResult): Named {
  if (target.state === null) return { status: "crit", label: "Refused" };
  if (target.state === "succeeded" && target.changed === false) return { status: "off", label: "So already" };
  return OPERATION[target.state];
}

/** One result for each app of an operation on many. */
export function Targets({ operation }: { operation: OperationDetail }) {
  const { targets } = operation;
  if (targets.length === 0) return null;
  const resting = targets.filter((target) => target.state === null || isAtRest(target.state)).length;
  return (
    <Card title="Apps" aside={`${resting} of ${count(targets.length, "app")} at rest`}>
      <ul className="grid divide-y divide-border" aria-label="Result for each app">
        {targets.map((target) => (
          <li key={target.deployment_id} className="flex flex-wrap items-center gap-x-3 gap-y-1 py-2">
            <span className="min-w-0 flex-1 basis-40 font-medium">
              {target.operation_id ? (
                <Link to="/operations/$id" params={{ id: target.operation_id }} className="link">
                  {target.name}
                </Link>
              ) : (
                target.name
              )}
            </span>
            <StatusPill {...result(target)} />
            {target.error && (
              <p className="basis-full text-table text-muted">
                <Sentence text={target.error.message} />
              </p>
            )}
          </li>
        ))}
      </ul>
    </Card>
  );
}
