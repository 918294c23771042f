import type { DeploymentView, ScheduleView } from "@/api/types";
import { controlClass, Field, SelectField } from "@/ui/Field";
import { does } from "@/components/schedule";

export interface Wanted {
  /** `kept`: what the schedule does already; `other`: any operation, as the API takes it. */
  action: "restart" | "stop" | "start" | "update" | "backup" | "kept" | "other";
  /** The app's id. */
  app: string;
  text: string;
}

const ACTIONS: { value: Wanted["action"]; label: string }[] = [
  { value: "restart", label: "Restart an app" },
  { value: "update", label: "Update an app" },
  { value: "stop", label: "Stop an app" },
  { value: "start", label: "Start an app" },
  { value: "backup", label: "Back up Steward" },
  { value: "other", label: "Any other operation" },
];

interface Props {
  wanted: Wanted;
  app: string;
  apps: DeploymentView[];
  kept?: ScheduleView;
  error?: string;
  onChange: (wanted: Wanted) => void;
}

/** Chooses what is done. */
export function What({ wanted, app, apps, kept, error, onChange }: Props) {
  const set = (part: Partial<Wanted>) => onChange({ ...wanted, ...part });
  const { action } = wanted;
  const ofApp = !["backup", "other", "kept"].includes(action);
  const options = kept ? [{ value: "kept" as const, label: `As before: ${does(kept)}` }, ...ACTIONS] : ACTIONS;
  return (
    <div className="grid gap-4 sm:grid-cols-2">
      <SelectField
        label="What"
        value={action}
        options={options}
        error={action === "kept" ? error : undefined}
        onChange={(event) => set({ action: event.target.value as Wanted["action"] })}
      />
      {ofApp && (
        <SelectField
          label="App"
          value={app}
          options={apps.map(({ id, name }) => ({ value: id, label: name }))}
          error={error ?? (apps.length === 0 ? "There is no app yet." : undefined)}
          onChange={(event) => set({ app: event.target.value })}
        />
      )}
      {action === "other" && (
        <Field
          label="Operation"
          className="sm:col-span-2"
          error={error}
          help="As the API takes it, in JSON. It must hold no secret."
        >
          {(wiring) => (
            <textarea
              {...wiring}
              rows={5}
              spellCheck={false}
              value={wanted.text}
              onChange={(event) => set({ text: event.target.value })}
              className={`${controlClass(Boolean(error))} py-2 font-mono`}
            />
          )}
        </Field>
      )}
    </div>
  );
}
