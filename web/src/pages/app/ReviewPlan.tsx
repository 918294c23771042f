import { useEffect, useRef, type ReactNode } from "react";
import type { Plan } from "@/api/types";
import { Checks } from "@/components/Checks";
import { PlanView } from "@/components/PlanView";
import { Card } from "@/ui/Card";

/** What a change would do, right below what was changed, with the button that does it. */
export function ReviewPlan({ plan, action }: { plan: Plan; action: ReactNode }) {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    box.current?.scrollIntoView?.({ block: "nearest" });
    box.current?.focus({ preventScroll: true });
  }, [plan]);
  const open = plan.checks.filter((check) => check.status !== "pass");
  return (
    <div ref={box} tabIndex={-1} className="outline-none">
      <Card title="Review" aside={plan.changed ? undefined : "nothing changes"}>
        <div className="grid gap-4">
          {open.length > 0 && <Checks checks={open} />}
          <PlanView plan={plan} filesFirst />
          <div className="flex justify-end border-t border-border pt-4">{action}</div>
        </div>
      </Card>
    </div>
  );
}
