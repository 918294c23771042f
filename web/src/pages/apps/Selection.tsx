import { Play, RefreshCw, RotateCw, Square } from "lucide-react";
import { useState } from "react";
import type { BulkAction, DeploymentView } from "@/api/types";
import { useBlocked } from "@/components/permissions";
import { count } from "@/lib/format";
import { Button } from "@/ui/Button";
import { BulkDialog } from "./BulkDialog";
import { VERBS } from "./verbs";

const ICONS = { restart: RotateCw, stop: Square, start: Play, update: RefreshCw };

interface SelectionProps {
  chosen: DeploymentView[];
  total: number;
  onAll: () => void;
  onNone: () => void;
}

/** What can be done with the chosen apps, all at once. */
export function Selection({ chosen, total, onAll, onNone }: SelectionProps) {
  const [action, setAction] = useState<BulkAction | null>(null);
  const blocked = useBlocked("deployment.bulk", "somewhere");
  const reason = blocked ?? (chosen.length === 0 ? "Choose apps first." : null);
  return (
    <div role="group" aria-label="Chosen apps" className="flex flex-wrap items-center gap-2">
      <span className="mr-2 text-table text-muted" role="status">
        {chosen.length > 0 ? `${count(chosen.length, "app")} chosen` : "None chosen"}
      </span>
      {chosen.length < total ? (
        <Button size="small" onClick={onAll}>
          Choose all {total}
        </Button>
      ) : (
        <Button size="small" onClick={onNone}>
          Choose none
        </Button>
      )}
      {(Object.keys(VERBS) as BulkAction[]).map((one) => {
        const Icon = ICONS[one];
        return (
          <Button
            key={one}
            size="small"
            icon={<Icon aria-hidden size={16} />}
            reason={reason}
            onClick={() => setAction(one)}
          >
            {VERBS[one]} chosen
          </Button>
        );
      })}
      {action && <BulkDialog action={action} apps={chosen} onClose={() => setAction(null)} onDone={onNone} />}
    </div>
  );
}
