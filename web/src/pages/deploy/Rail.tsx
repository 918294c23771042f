import { Rocket } from "lucide-react";
import type { ApplicationDetail, Plan } from "@/api/types";
import { count, mebibytes } from "@/lib/format";
import { Button } from "@/ui/Button";
import { Facts } from "@/ui/Card";
import { StatusText } from "@/ui/Status";
import type { Form } from "./form";

interface RailProps {
  application: ApplicationDetail;
  plan: Plan | undefined;
  form: Form;
  pending: boolean;
  reason: string | null;
  busy: boolean;
}

function checksLine(
  plan: Plan | undefined,
  pending: boolean,
): { status: "ok" | "warn" | "crit" | "busy" | "unknown"; label: string } {
  if (pending) return { status: "busy", label: "Checking" };
  if (!plan) return { status: "unknown", label: "Not checked" };
  const failed = plan.checks.filter((check) => check.status === "fail").length;
  const warned = plan.checks.filter((check) => check.status === "warn").length;
  if (failed > 0) return { status: "crit", label: `${count(failed, "check")} failed` };
  if (warned > 0) return { status: "warn", label: `Passed, ${count(warned, "warning")}` };
  return { status: "ok", label: `${count(plan.checks.length, "check")} passed` };
}

/** The short of it and the button, always in sight. */
export function Rail({ application, plan, form, pending, reason, busy }: RailProps) {
  const line = checksLine(plan, pending);
  const pull = plan?.images.filter((image) => !image.present && !image.embedded).length ?? 0;
  const ports = Object.values(form.ports).filter(Boolean).join(", ");
  return (
    <aside
      aria-label="Summary"
      className="card grid gap-4 p-4 lg:sticky lg:top-18 max-lg:sticky max-lg:bottom-4 max-lg:z-10 max-md:bottom-18 max-lg:p-3"
    >
      <div className="grid gap-3 max-lg:hidden">
        <h2 className="text-lead font-semibold">Summary</h2>
        <Facts
          items={[
            ["Name", form.name || "—"],
            ["Device", plan?.device ?? "—"],
            ["Ports", ports || "none"],
            ["Memory", mebibytes(application.resources.memory)],
            ["Storage", mebibytes(application.resources.storage)],
            ["Images", plan ? (pull > 0 ? `${pull} to pull` : "all there") : "—"],
          ]}
        />
      </div>
      <div className="grid gap-3 max-lg:flex max-lg:flex-wrap max-lg:items-center max-lg:justify-between">
        <StatusText {...line} />
        <Button type="submit" look="primary" icon={<Rocket aria-hidden size={16} />} busy={busy} reason={reason}>
          Deploy {form.name || application.slug}
        </Button>
      </div>
      {plan && !plan.changed && <p className="text-table text-muted">{plan.summary}</p>}
    </aside>
  );
}
