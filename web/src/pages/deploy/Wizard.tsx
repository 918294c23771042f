import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { RotateCw } from "lucide-react";
import { useEffect, useMemo, useRef, useState } from "react";
import { randomKey } from "@/api/client";
import { deploy } from "@/api/endpoints";
import { ApiError, fieldErrors, messageOf } from "@/api/problem";
import * as queries from "@/api/queries";
import type { ApplicationDetail, Plan } from "@/api/types";
import { Checks } from "@/components/Checks";
import { PlanView } from "@/components/PlanView";
import { useBlocked } from "@/components/permissions";
import { Advanced, SchemaForm, SchemaInput } from "@/components/SchemaForm";
import { dropDraft, loadDraft, saveDraft } from "@/lib/draft";
import { complaint, type SchemaField } from "@/lib/schema";
import { toast } from "@/lib/toasts";
import { Banner, Skeleton } from "@/ui/Banner";
import { Button } from "@/ui/Button";
import { Card } from "@/ui/Card";
import { CodeView } from "@/ui/Code";
import { SelectField, TextField } from "@/ui/Field";
import { applyFix, emptyForm, formOfRequest, portChoices, requestOf, withoutSecrets, type Form } from "./form";
import { Ports } from "./Ports";
import { Rail } from "./Rail";
import { usePlan } from "./usePlan";

interface WizardProps {
  application: ApplicationDetail;
  fields: SchemaField[];
}

interface Kept {
  form?: Form;
  /** A failed operation's request, to start from. */
  request?: Record<string, unknown>;
}

function useForm({ application, fields }: WizardProps) {
  const key = `deploy.${application.slug}`;
  const [form, setForm] = useState<Form>(() => {
    const empty = emptyForm(application, fields);
    const kept = loadDraft<Kept>(key);
    if (kept?.request) return formOfRequest(kept.request, application, fields);
    if (!kept?.form) return empty;
    return {
      ...empty,
      ...kept.form,
      settings: { ...empty.settings, ...kept.form.settings },
      ports: { ...empty.ports, ...kept.form.ports },
    };
  });
  const touched = useRef(false);
  const change = (next: (now: Form) => Form) => {
    touched.current = true;
    setForm(next);
  };
  useEffect(() => {
    if (touched.current) saveDraft(key, { form: withoutSecrets(form, fields) });
  }, [key, form, fields]);
  return { form, change, forget: () => dropDraft(key) };
}

export function Wizard({ application, fields }: WizardProps) {
  const { form, change, forget } = useForm({ application, fields });
  const request = useMemo(() => requestOf(form, application, fields), [form, application, fields]);
  const live = usePlan(application.slug, request);
  const [tried, setTried] = useState(false);
  const [stale, setStale] = useState<Plan | null>(null);
  const blocked = useBlocked("deployment.deploy", "somewhere");
  const navigate = useNavigate();
  const client = useQueryClient();
  // One key for one intent: pressing twice, or again after silence, is one deployment.
  const attempt = useRef({ of: "", key: "" });

  const go = useMutation({
    mutationFn: (plan: Plan) => {
      const body = { ...request, plan_hash: plan.hash };
      const of = JSON.stringify(body);
      if (attempt.current.of !== of) attempt.current = { of, key: randomKey() };
      return deploy(application.slug, body, attempt.current.key);
    },
    onSuccess: ({ operation, unchanged }) => {
      forget();
      void client.invalidateQueries({ queryKey: queries.keys.deployments });
      void client.invalidateQueries({ queryKey: queries.keys.operations });
      if (unchanged) {
        toast(`${operation.target} runs already with these settings. Nothing was changed.`);
        void navigate({ to: "/apps/$name", params: { name: operation.target } });
      } else void navigate({ to: "/operations/$id", params: { id: operation.id } });
    },
    onError: (error) => {
      if (error instanceof ApiError && error.plan) setStale(error.plan);
      live.refetch();
    },
  });

  const needed: Record<string, string> = {};
  for (const field of fields) {
    const wrong = complaint(field, form.settings[field.key]);
    if (wrong) needed[`settings.${field.key}`] = wrong;
  }
  // An empty required field is no mistake before somebody tried to go on.
  const shown = tried ? needed : onlyFilled(needed, form);
  const refused = go.isError && !(go.error instanceof ApiError && go.error.plan) ? fieldErrors(go.error) : {};
  const errors = { ...refused, ...live.errors, ...shown };
  const plan = live.plan;
  const failed = plan?.checks.filter((check) => check.status === "fail").length ?? 0;

  const submit = () => {
    setTried(true);
    if (Object.keys(needed).length > 0) {
      const first = document.querySelector<HTMLElement>(
        "[name^='settings.'][aria-invalid='true'], [name^='settings.']:placeholder-shown",
      );
      first?.focus();
      return;
    }
    if (!plan || go.isPending) return;
    setStale(null);
    go.mutate(plan);
  };

  const waiting = !plan || live.pending ? "The plan is being made." : null;
  const reason =
    blocked ??
    (live.error && !live.pending ? "The form has a mistake; see the fields." : null) ??
    waiting ??
    (failed > 0 ? "A check failed; see the checks." : null);

  return (
    <form
      className="grid items-start gap-4 lg:grid-cols-[minmax(0,1fr)_20rem]"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        if (!reason) submit();
      }}
      onKeyDown={(event) => {
        if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && !reason) submit();
      }}
    >
      <div className="grid min-w-0 gap-4">
        <Problems go={go.error} stale={stale} plan={plan} live={live.error} errors={errors} />
        <Card title="Basics">
          <Basics application={application} fields={fields} form={form} errors={errors} change={change} />
        </Card>
        <Card
          title="Checks"
          aside={
            <Button
              size="small"
              look="ghost"
              icon={<RotateCw aria-hidden size={16} />}
              busy={live.pending}
              onClick={live.refetch}
            >
              Check again
            </Button>
          }
        >
          <div aria-live="polite" aria-busy={live.pending}>
            {plan ? (
              <Checks checks={plan.checks} onFix={(fix) => change((now) => applyFix(now, fix))} />
            ) : live.error ? (
              <p className="text-muted">The checks run once the fields are right.</p>
            ) : (
              <Skeleton rows={4} />
            )}
          </div>
        </Card>
        <Card title="Review">
          {plan ? <PlanView plan={plan} /> : <Skeleton rows={5} />}
          <div className="pt-4">
            <Advanced title="The definition that this is made from">
              <CodeView name={`${application.slug}/service.hcl`} text={application.source_text} />
            </Advanced>
          </div>
        </Card>
      </div>
      <Rail
        application={application}
        plan={plan}
        form={form}
        pending={live.pending}
        reason={reason}
        busy={go.isPending}
      />
    </form>
  );
}

function onlyFilled(needed: Record<string, string>, form: Form): Record<string, string> {
  return Object.fromEntries(
    Object.entries(needed).filter(([field]) => form.settings[field.slice("settings.".length)] !== ""),
  );
}

interface BasicsProps extends WizardProps {
  form: Form;
  errors: Record<string, string>;
  change: (next: (now: Form) => Form) => void;
}

function Basics({ application, fields, form, errors, change }: BasicsProps) {
  const devices = useQuery(queries.devices).data ?? [];
  const ports = portChoices(application.definition);
  const setSetting = (key: string, value: string | boolean) =>
    change((now) => ({ ...now, settings: { ...now.settings, [key]: value } }));
  const advanced = fields.filter((field) => field.advanced);
  const wrongInside = advanced.some((field) => errors[`settings.${field.key}`]);
  const input = { draft: form.settings, errors, onChange: setSetting };
  return (
    <div className="grid max-w-2xl gap-4">
      <div className="grid gap-4 sm:grid-cols-2">
        <TextField
          label="Name"
          help="In the list of apps and in its containers' names."
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
          value={form.name}
          error={errors.name}
          onChange={(event) => change((now) => ({ ...now, name: event.target.value }))}
        />
        {devices.length > 1 && (
          <SelectField
            label="Device"
            value={form.device}
            error={errors.device_id}
            options={[
              { value: "", label: "The best one" },
              ...devices.map((device) => ({ value: device.id, label: device.name })),
            ]}
            onChange={(event) => change((now) => ({ ...now, device: event.target.value }))}
          />
        )}
      </div>
      <SchemaForm fields={fields} {...input} />
      <Ports
        ports={ports}
        values={form.ports}
        errors={errors}
        onChange={(key, value) => change((now) => ({ ...now, ports: { ...now.ports, [key]: value } }))}
      />
      {advanced.length > 0 && (
        <Advanced open={wrongInside}>
          {advanced.map((field) => (
            <SchemaInput key={field.key} field={field} {...input} />
          ))}
        </Advanced>
      )}
    </div>
  );
}

interface ProblemsProps {
  go: unknown;
  stale: Plan | null;
  plan: Plan | undefined;
  live: unknown;
  errors: Record<string, string>;
}

/** What stands in the way and belongs to no single field. */
function Problems({ go, stale, plan, live, errors }: ProblemsProps) {
  const isStale = go instanceof ApiError && go.code === "plan_stale";
  if (isStale && stale) {
    const same = plan?.hash === stale.hash;
    return (
      <Banner role="alert" status="warn" title="Something changed on the device since this plan was made.">
        <p>
          Nothing was done.{" "}
          {same ? "The new plan is below: look at it, then press Deploy again." : "A new plan is being made."}
        </p>
      </Banner>
    );
  }
  const error = go && !(go instanceof ApiError && go.plan) ? go : live;
  const general = error === go ? messageOf(error) : errors[""];
  if (!error || !general) return null;
  const known = error instanceof ApiError ? error : null;
  return (
    <Banner role="alert" status="crit" title={general}>
      {known?.hint && <p>{known.hint}</p>}
      {known?.operationId && (
        <p>
          <Link to="/operations/$id" params={{ id: known.operationId }} className="link">
            Show the operation
          </Link>
        </p>
      )}
    </Banner>
  );
}
