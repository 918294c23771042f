import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Play } from "lucide-react";
import { runReconciler } from "@/api/endpoints";
import { messageOf } from "@/api/problem";
import * as queries from "@/api/queries";
import type { ReconcilerStatus } from "@/api/types";
import { Loaded } from "@/components/Loaded";
import { useBlocked } from "@/components/permissions";
import { duration } from "@/lib/format";
import { task as named } from "@/lib/tasks";
import { toast } from "@/lib/toasts";
import { EmptyState, Skeleton } from "@/ui/Banner";
import { Button } from "@/ui/Button";
import { Card } from "@/ui/Card";
import { Sentence } from "@/ui/Sentence";
import { StatusText } from "@/ui/Status";
import { Ago, When } from "@/ui/Time";

/** What Steward does by itself, again and again, and what came of it. */
export default function Tasks() {
  const query = useQuery(queries.reconcilers);
  return (
    <Card title="Background tasks" flush>
      <Loaded query={query} what="the background tasks" skeleton={<Skeleton className="h-16" rows={4} />}>
        {(tasks) =>
          tasks.length > 0 ? (
            <ul className="grid divide-y divide-border">
              {tasks.map((task) => (
                <Row key={task.name} task={task} />
              ))}
            </ul>
          ) : (
            <EmptyState title="There is no background task" />
          )
        }
      </Loaded>
    </Card>
  );
}

function Row({ task }: { task: ReconcilerStatus }) {
  const client = useQueryClient();
  const blocked = useBlocked("reconciler.run");
  const go = useMutation({
    mutationFn: () => runReconciler(task.name),
    onSuccess: () => {
      toast(`${task.name} was woken.`);
      void client.invalidateQueries({ queryKey: queries.keys.reconcilers });
    },
    onError: (error) => toast(messageOf(error), { kind: "error" }),
  });
  return (
    <li className="flex flex-wrap items-start gap-x-4 gap-y-2 px-4 py-3">
      <div className="grid min-w-0 flex-1 basis-64 gap-1">
        <span className="flex flex-wrap items-center gap-x-3">
          <span className="font-medium">{task.name}</span>
          <StatusText {...named(task)} className="text-table" />
        </span>
        <span className="text-muted">{task.does}</span>
        {task.failure && (
          <span>
            <Sentence text={task.failure.message} /> {task.failure.hint}
          </span>
        )}
        <span className="text-table text-muted">
          {task.did ? (
            <>
              {task.failure ? "The last time that went well: " : ""}
              <Ago at={task.succeeded_at} />: {task.did}
              {!task.failure && task.duration_ms !== null && `, took ${duration(task.duration_ms)}`}.
            </>
          ) : (
            "It has not ended well since Steward started."
          )}{" "}
          {task.next_at !== null && (
            <>
              Next: <When at={task.next_at} />.
            </>
          )}
        </span>
      </div>
      <Button
        size="small"
        aria-label={`Run now: ${task.name}`}
        icon={<Play aria-hidden size={16} />}
        busy={go.isPending || task.running}
        reason={blocked}
        onClick={() => go.mutate()}
      >
        Run now
      </Button>
    </li>
  );
}
