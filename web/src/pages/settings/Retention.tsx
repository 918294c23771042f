import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { changeRetention } from "@/api/endpoints";
import { fieldErrors } from "@/api/problem";
import * as queries from "@/api/queries";
import type { RetentionSettings, RetentionView } from "@/api/types";
import { Loaded } from "@/components/Loaded";
import { useBlocked } from "@/components/permissions";
import { bytes, count, number } from "@/lib/format";
import { toast } from "@/lib/toasts";
import { Banner, Skeleton } from "@/ui/Banner";
import { Button } from "@/ui/Button";
import { Card, Facts } from "@/ui/Card";
import { TextField } from "@/ui/Field";
import { When } from "@/ui/Time";

const FIELDS: { name: keyof RetentionSettings; label: string; min: number; max: number; help: string }[] = [
  {
    name: "operations_days",
    label: "Operations, in days",
    min: 1,
    max: 36_500,
    help: "Older ones are forgotten, with their steps and commands. What needs attention stays, and what made an app's present revision.",
  },
  {
    name: "operations_kept",
    label: "Operations that are kept whatever their age",
    min: 0,
    max: 10_000_000,
    help: "The newest so many are never forgotten.",
  },
  {
    name: "output_days",
    label: "Output of commands, in days",
    min: 1,
    max: 36_500,
    help: "The commands themselves stay as long as their operation.",
  },
  {
    name: "audit_days",
    label: "Audit, in days",
    min: 30,
    max: 36_500,
    help: "At least 30. What is left can still be verified.",
  },
];

/** How long what was done is remembered, and what that takes. */
export default function Retention() {
  const query = useQuery(queries.retention);
  return (
    <Loaded query={query} what="the retention" skeleton={<Skeleton className="h-24" rows={3} />}>
      {(view) => (
        <>
          <Now view={view} />
          <Form key={JSON.stringify(view.settings)} view={view} />
        </>
      )}
    </Loaded>
  );
}

function Now({ view }: { view: RetentionView }) {
  const since = (at: number | null) => (at === null ? null : <When at={at} />);
  return (
    <Card title="Remembered now">
      <Facts
        items={[
          ["Operations", number(view.operations)],
          ["The oldest of", since(view.oldest_operation_at) ?? "—"],
          ["Audit", count(view.audit_rows, "row")],
          ["It begins", since(view.oldest_audit_at) ?? "—"],
          ["Database", `${bytes(view.file_bytes)}, ${bytes(view.free_bytes)} of it empty and used again`],
        ]}
      />
    </Card>
  );
}

function Form({ view }: { view: RetentionView }) {
  const client = useQueryClient();
  const blocked = useBlocked("retention.manage");
  const { settings, defaults } = view;
  const [typed, setTyped] = useState<Record<keyof RetentionSettings, string>>({
    operations_days: String(settings.operations_days),
    operations_kept: String(settings.operations_kept),
    output_days: String(settings.output_days),
    audit_days: String(settings.audit_days),
  });
  const changed = FIELDS.filter(({ name }) => typed[name] !== String(settings[name]));
  const less = changed.some(({ name }) => Number(typed[name]) < settings[name]);
  const go = useMutation({
    mutationFn: () => changeRetention(Object.fromEntries(changed.map(({ name }) => [name, Number(typed[name])]))),
    onSuccess: (now) => {
      client.setQueryData(queries.keys.retention, now);
      toast("The retention is changed.");
    },
  });
  const errors = fieldErrors(go.error);
  return (
    <Card title="How long it is remembered">
      <form
        className="grid max-w-md gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          if (!blocked && changed.length > 0) go.mutate();
        }}
      >
        {errors[""] && <Banner role="alert" status="crit" title={errors[""]} />}
        {FIELDS.map(({ name, label, min, max, help }) => (
          <TextField
            key={name}
            type="number"
            inputMode="numeric"
            label={label}
            min={min}
            max={max}
            required
            readOnly={blocked !== null}
            value={typed[name]}
            error={errors[name]}
            help={`${help} By default ${number(defaults[name])}.`}
            onChange={(event) => setTyped({ ...typed, [name]: event.target.value })}
          />
        ))}
        {less && (
          <Banner
            status="warn"
            title="What is older is forgotten for good when the background task retention comes next, within the hour."
          />
        )}
        <div>
          <Button
            type="submit"
            look="primary"
            busy={go.isPending}
            reason={blocked ?? (changed.length === 0 ? "Nothing is changed." : null)}
          >
            Save
          </Button>
        </div>
      </form>
    </Card>
  );
}
