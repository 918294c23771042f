import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useId, useState } from "react";
import * as api from "@/api/endpoints";
import { ApiError, fieldErrors } from "@/api/problem";
import * as queries from "@/api/queries";
import type { ScheduleRequest, ScheduleView } from "@/api/types";
import { choiceOf, cronOf, type Choice } from "@/lib/cron";
import { toast } from "@/lib/toasts";
import { allZones, viewerZone } from "@/lib/zones";
import { Banner } from "@/ui/Banner";
import { Button } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { CheckField, SelectField, TextField } from "@/ui/Field";
import { Builder } from "./Builder";
import { Preview } from "./Preview";
import { What, type Wanted } from "./What";

/** What the form begins with: a schedule to change, or a suggestion. */
export interface Start {
  schedule?: ScheduleView;
  action?: Wanted["action"];
  app?: string;
  cron?: string;
}

const POLICIES = [
  { value: "skip", label: "Leave the later one out" },
  { value: "wait", label: "Let the later one wait" },
];

interface Draft {
  name: string;
  zone: string;
  window: string;
  jitter: string;
  overlap: "skip" | "wait";
  catchUp: boolean;
}

function draftOf(schedule: ScheduleView | undefined): Draft {
  return {
    name: schedule?.name ?? "",
    zone: schedule?.time_zone ?? viewerZone(),
    window: String(schedule?.window_minutes ?? 60),
    jitter: String(schedule?.jitter_seconds ?? 0),
    overlap: schedule?.overlap ?? "skip",
    catchUp: schedule?.catch_up ?? false,
  };
}

/** Makes a schedule, or changes one. */
export function ScheduleForm({ start, onClose }: { start: Start; onClose: () => void }) {
  const { schedule } = start;
  const client = useQueryClient();
  const formId = useId();
  const [draft, setDraft] = useState(() => draftOf(schedule));
  const [choice, setChoice] = useState<Choice>(() => choiceOf(schedule?.cron ?? start.cron ?? "0 3 * * *"));
  const [wanted, setWanted] = useState<Wanted>(() => ({
    action: schedule ? "kept" : (start.action ?? "restart"),
    app: start.app ?? "",
    text: JSON.stringify(schedule?.request ?? { kind: "deployment.restart", deployment_id: "" }, null, 2),
  }));
  const apps = useQuery(queries.deployments).data ?? [];
  const app = wanted.app || (apps[0]?.id ?? "");
  const set = (part: Partial<Draft>) => setDraft({ ...draft, ...part });
  const cron = cronOf(choice);
  const save = useMutation({
    mutationFn: () => {
      const body: ScheduleRequest = {
        name: draft.name.trim(),
        request: requestOf(wanted, app, schedule),
        cron,
        time_zone: draft.zone.trim(),
        window_minutes: Number(draft.window),
        jitter_seconds: Number(draft.jitter),
        overlap: draft.overlap,
        catch_up: draft.catchUp,
      };
      return schedule
        ? api.changeSchedule(schedule.id, { ...body, expected_version: schedule.version })
        : api.createSchedule(body);
    },
    onSuccess: (made) => {
      toast(schedule ? `${made.name} is changed.` : `${made.name} runs ${made.words}.`);
      onClose();
      return client.invalidateQueries({ queryKey: queries.keys.schedules });
    },
  });
  const errors = fieldErrors(save.error);
  const inRequest = Object.entries(errors).find(([field]) => field.startsWith("request"))?.[1];
  const stale = save.error instanceof ApiError && save.error.field === "expected_version";
  return (
    <Dialog
      open
      onClose={onClose}
      title={schedule ? `Change ${schedule.name}` : "New schedule"}
      actions={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button look="primary" type="submit" form={formId} busy={save.isPending}>
            {schedule ? "Save the schedule" : "Make the schedule"}
          </Button>
        </>
      }
    >
      <form
        id={formId}
        className="grid gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          save.mutate();
        }}
      >
        {(errors[""] ?? errors.expected_version) && (
          <Banner role="alert" status="crit" title={errors[""] ?? errors.expected_version}>
            {stale && <p>Close this, look at what is there now, and make your change again.</p>}
          </Banner>
        )}
        <TextField
          label="Name"
          required
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
          value={draft.name}
          error={errors.name}
          help="Lower-case letters, digits and single hyphens, such as nightly-restart."
          onChange={(event) => set({ name: event.target.value })}
        />
        <What wanted={wanted} app={app} apps={apps} kept={schedule} error={inRequest} onChange={setWanted} />
        <Builder choice={choice} onChange={setChoice} error={errors.cron} />
        <Zone value={draft.zone} error={errors.time_zone} onChange={(zone) => set({ zone })} />
        <Preview cron={cron} zone={draft.zone.trim()} />
        <details>
          <summary className="cursor-pointer font-medium">When it is late, or still under way</summary>
          <div className="grid gap-4 pt-3 sm:grid-cols-2">
            <TextField
              label="May start late by, in minutes"
              type="number"
              min={1}
              max={1440}
              required
              value={draft.window}
              error={errors.window_minutes}
              help="After that it counts as missed."
              onChange={(event) => set({ window: event.target.value })}
            />
            <TextField
              label="Put off by at most, in seconds"
              type="number"
              min={0}
              max={3600}
              required
              value={draft.jitter}
              error={errors.jitter_seconds}
              help="Spreads schedules that are due together."
              onChange={(event) => set({ jitter: event.target.value })}
            />
            <SelectField
              label="While an earlier run is under way"
              value={draft.overlap}
              options={POLICIES}
              onChange={(event) => set({ overlap: event.target.value as Draft["overlap"] })}
            />
            <CheckField
              label="Make up for one missed run"
              checked={draft.catchUp}
              help="After a longer downtime, it runs once."
              onChange={(event) => set({ catchUp: event.target.checked })}
            />
          </div>
        </details>
      </form>
    </Dialog>
  );
}

/** What is asked for; text that is no JSON goes as it is, for the server to say what is wrong with it. */
function requestOf({ action, text }: Wanted, app: string, schedule?: ScheduleView): ScheduleRequest["request"] {
  if (action === "kept" && schedule) return schedule.request;
  if (action === "backup") return { kind: "steward.backup" } as ScheduleRequest["request"];
  if (action !== "other" && action !== "kept")
    return { kind: `deployment.${action}`, deployment_id: app } as ScheduleRequest["request"];
  try {
    return JSON.parse(text) as ScheduleRequest["request"];
  } catch {
    return text as unknown as ScheduleRequest["request"];
  }
}

function Zone({ value, error, onChange }: { value: string; error?: string; onChange: (zone: string) => void }) {
  const list = useId();
  const [zones] = useState(allZones);
  return (
    <>
      <TextField
        label="Time zone"
        required
        autoComplete="off"
        spellCheck={false}
        list={list}
        value={value}
        error={error}
        help="Where that time is meant. Changes of the clock are seen to."
        onChange={(event) => onChange(event.target.value)}
      />
      <datalist id={list}>
        {zones.map((zone) => (
          <option key={zone} value={zone} />
        ))}
      </datalist>
    </>
  );
}
