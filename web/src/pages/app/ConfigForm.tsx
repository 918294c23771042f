import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useBlocker, useNavigate } from "@tanstack/react-router";
import { Save } from "lucide-react";
import { useState } from "react";
import * as api from "@/api/endpoints";
import { ApiError, fieldErrors, messageOf } from "@/api/problem";
import * as queries from "@/api/queries";
import type { DeploymentConfig, Plan } from "@/api/types";
import { useAboutApp, useBlocked } from "@/components/permissions";
import { Advanced, SchemaForm, SchemaInput } from "@/components/SchemaForm";
import { useOperation } from "@/components/useOperation";
import { changedSettings, complaint, draftOf, type Draft, type SchemaField } from "@/lib/schema";
import { toast } from "@/lib/toasts";
import { Banner, EmptyState } from "@/ui/Banner";
import { Button } from "@/ui/Button";
import { Card } from "@/ui/Card";
import { Dialog } from "@/ui/Dialog";
import { CopyLine } from "@/ui/Copy";
import { portChoices } from "../deploy/form";
import { Ports } from "../deploy/Ports";
import { Conflict } from "./Conflict";
import { ReviewPlan } from "./ReviewPlan";

interface ConfigFormProps {
  name: string;
  config: DeploymentConfig;
  fields: SchemaField[];
  updateAvailable: boolean;
}

interface Values {
  settings: Draft;
  ports: Record<string, string>;
}

function valuesOf(config: DeploymentConfig, fields: SchemaField[]): Values {
  const ports = Object.fromEntries(
    portChoices(config.definition).map((port) => [port.key, String(config.ports[port.key] ?? port.external)]),
  );
  return { settings: draftOf(fields, config.settings), ports };
}

function changesOf(fields: SchemaField[], before: Values, after: Values) {
  const ports: Record<string, number> = {};
  for (const [key, value] of Object.entries(after.ports))
    if (value !== before.ports[key] && value) ports[key] = Number(value);
  return { settings: changedSettings(fields, before.settings, after.settings), ports };
}

/** All settings of an app on one page: change, review what that does, save once. */
export function ConfigForm({ name, config, fields, updateAvailable }: ConfigFormProps) {
  // The values that the form began with; a refetch must not move them.
  const [base, setBase] = useState({ config, values: valuesOf(config, fields) });
  const [values, setValues] = useState(base.values);
  // A plan is of the values that it was made for; after another change there is none on the page.
  const [reviewed, setReviewed] = useState<{ plan: Plan; values: Values } | null>(null);
  const plan = reviewed?.values === values ? reviewed.plan : null;
  const [shown, setShown] = useState<{ key: string; value: string } | null>(null);
  const about = useAboutApp(name);
  const blocked = useBlocked("deployment.update", about);
  const mayReveal = useBlocked("secret.reveal", about);
  const client = useQueryClient();
  const navigate = useNavigate();

  const changes = changesOf(fields, base.values, values);
  const changed = Object.keys(changes.settings).length + Object.keys(changes.ports).length;
  const theirs = config.revision !== base.config.revision ? config : null;
  const takeTheirs = (keepMine: boolean) => {
    const fresh = valuesOf(config, fields);
    const mine: Values = { settings: { ...fresh.settings }, ports: { ...fresh.ports } };
    if (keepMine) {
      for (const key of Object.keys(changes.settings)) mine.settings[key] = values.settings[key] ?? "";
      for (const key of Object.keys(changes.ports)) mine.ports[key] = values.ports[key] ?? "";
    }
    setBase({ config, values: fresh });
    setValues(mine);
  };

  const review = useMutation({
    mutationFn: () => api.planDeployment(name, { action: "update", ...changes }),
    onMutate: () => values,
    onSuccess: (made, _, of) => setReviewed({ plan: made, values: of }),
  });
  const save = useOperation({
    quiet: true,
    onAccepted: ({ operation, unchanged }) => {
      setReviewed(null);
      setBase({ config: base.config, values });
      void client.invalidateQueries({ queryKey: queries.config(name).queryKey });
      if (unchanged) toast("Nothing had to be changed.");
      else void navigate({ to: "/operations/$id", params: { id: operation.id }, ignoreBlocker: true });
    },
  });
  const reveal = useMutation({
    mutationFn: (key: string) => api.revealSecret(name, key),
    onSuccess: setShown,
    onError: (error) => toast(messageOf(error), { kind: "error" }),
  });

  const dirty = changed > 0 && !save.isSuccess;
  useBlocker({
    shouldBlockFn: () => dirty && !window.confirm("The changes on this page are not saved. Leave it?"),
    enableBeforeUnload: dirty,
  });

  const errors: Record<string, string> = { ...fieldErrors(review.error) };
  for (const field of fields) {
    const wrong = complaint(field, values.settings[field.key]);
    const kept = field.secret && base.config.secrets_set.includes(field.key) && values.settings[field.key] === "";
    if (wrong && !kept) errors[`settings.${field.key}`] = wrong;
  }
  const localWrong = fields.some((field) => {
    const kept = field.secret && base.config.secrets_set.includes(field.key) && values.settings[field.key] === "";
    return !kept && complaint(field, values.settings[field.key]) !== undefined;
  });
  const ports = portChoices(base.config.definition);
  const advanced = fields.filter((field) => field.advanced);
  const input = {
    draft: values.settings,
    errors,
    secretsSet: base.config.secrets_set,
    onReveal: (key: string) => reveal.mutate(key),
    revealBlocked: mayReveal,
    onChange: (key: string, value: string | boolean) =>
      setValues((now) => ({ ...now, settings: { ...now.settings, [key]: value } })),
  };
  if (fields.length === 0 && ports.length === 0 && !updateAvailable) {
    return <EmptyState title="This app has no settings">Its definition offers nothing to change.</EmptyState>;
  }
  const nothing = changed === 0 && !updateAvailable ? "Nothing is changed yet." : null;
  const wrong = localWrong ? "Some values are not right yet." : null;
  return (
    <form
      className="grid gap-4"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        if (!blocked && !nothing && !wrong) review.mutate();
      }}
      onKeyDown={(event) => {
        if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) event.currentTarget.requestSubmit();
      }}
    >
      {theirs && <Conflict fields={fields} base={base.config} theirs={theirs} onTake={takeTheirs} changed={changed} />}
      {errors[""] && <Banner role="alert" status="crit" title={errors[""]} />}
      <Card title="Settings" aside={`revision ${base.config.revision}`}>
        <div className="grid max-w-2xl gap-4">
          <SchemaForm fields={fields} {...input} />
          <Ports
            ports={ports}
            values={values.ports}
            errors={errors}
            onChange={(key, value) => setValues((now) => ({ ...now, ports: { ...now.ports, [key]: value } }))}
          />
          {advanced.length > 0 && (
            <Advanced>
              {advanced.map((field) => (
                <SchemaInput key={field.key} field={field} {...input} />
              ))}
            </Advanced>
          )}
          <div className="flex flex-wrap items-center gap-3 border-t border-border pt-4">
            <Button
              type="submit"
              look={plan ? "secondary" : "primary"}
              busy={review.isPending}
              reason={blocked ?? nothing ?? wrong}
            >
              Review changes
            </Button>
            {changed > 0 && (
              <Button look="ghost" onClick={() => setValues(base.values)}>
                Undo my changes
              </Button>
            )}
            <span className="text-table text-muted" role="status">
              {changed > 0
                ? `${changed} changed`
                : updateAvailable
                  ? "The catalog's newer definition would be taken."
                  : ""}
            </span>
          </div>
        </div>
      </Card>
      {plan && (
        <ReviewPlan
          plan={plan}
          action={
            <Button
              look="primary"
              icon={<Save aria-hidden size={16} />}
              busy={save.isPending}
              reason={blocked}
              onClick={() =>
                save.mutate(async () => {
                  try {
                    return await api.updateDeployment(name, {
                      ...changes,
                      expected_revision: base.config.revision,
                      plan_hash: plan.hash,
                    });
                  } catch (error) {
                    if (error instanceof ApiError && error.code === "conflict")
                      void client.invalidateQueries({ queryKey: queries.config(name).queryKey });
                    if (error instanceof ApiError && error.plan) setReviewed({ plan: error.plan, values });
                    throw error;
                  }
                })
              }
            >
              Save and apply
            </Button>
          }
        />
      )}
      <Dialog
        open={shown !== null}
        onClose={() => setShown(null)}
        title={`The value of ${fields.find((field) => field.key === shown?.key)?.title ?? ""}`}
        description={<p className="text-muted">That it was shown is written down.</p>}
      >
        {shown && <CopyLine text={shown.value} />}
      </Dialog>
    </form>
  );
}
