import { DAYS, STEPS, type Choice, type Rhythm } from "@/lib/cron";
import { SelectField, TextField } from "@/ui/Field";

const RHYTHMS: { value: Rhythm; label: string }[] = [
  { value: "minutes", label: "Every few minutes" },
  { value: "hourly", label: "Every hour" },
  { value: "daily", label: "Every day" },
  { value: "weekly", label: "On days of the week" },
  { value: "monthly", label: "On a day of each month" },
  { value: "custom", label: "By a cron expression" },
];
const MONTH_DAYS = [
  ...Array.from({ length: 31 }, (_, index) => ({ value: String(index + 1), label: `Day ${index + 1}` })),
  { value: "L", label: "The last day" },
];

interface Props {
  choice: Choice;
  onChange: (choice: Choice) => void;
  error?: string;
}

/** Chooses when, in plain words. */
export function Builder({ choice, onChange, error }: Props) {
  const set = (part: Partial<Choice>) => onChange({ ...choice, ...part });
  const { rhythm } = choice;
  const hasTime = rhythm === "daily" || rhythm === "weekly" || rhythm === "monthly";
  return (
    <div className="grid gap-4 sm:grid-cols-2">
      <SelectField
        label="When"
        value={rhythm}
        options={RHYTHMS}
        error={rhythm === "custom" ? undefined : error}
        onChange={(event) => set({ rhythm: event.target.value as Rhythm })}
      />
      {rhythm === "minutes" && (
        <SelectField
          label="Minutes between"
          value={choice.every}
          options={STEPS.map((step) => ({ value: String(step), label: String(step) }))}
          onChange={(event) => set({ every: Number(event.target.value) })}
        />
      )}
      {rhythm === "hourly" && (
        <TextField
          label="Minutes past the hour"
          type="number"
          min={0}
          max={59}
          required
          value={Number(choice.time.slice(3))}
          onChange={(event) => set({ time: `00:${event.target.value.padStart(2, "0").slice(-2)}` })}
        />
      )}
      {rhythm === "monthly" && (
        <SelectField
          label="Day"
          value={choice.day}
          options={MONTH_DAYS}
          onChange={(event) => set({ day: event.target.value })}
        />
      )}
      {hasTime && (
        <TextField
          label="Time"
          type="time"
          required
          value={choice.time}
          onChange={(event) => set({ time: event.target.value || "00:00" })}
        />
      )}
      {rhythm === "weekly" && <Weekdays days={choice.days} onChange={(days) => set({ days })} />}
      {rhythm === "custom" && (
        <TextField
          label="Cron expression"
          required
          autoComplete="off"
          spellCheck={false}
          value={choice.text}
          error={error}
          help="Minute, hour, day of the month, month, day of the week."
          onChange={(event) => set({ text: event.target.value })}
        />
      )}
    </div>
  );
}

function Weekdays({ days, onChange }: { days: number[]; onChange: (days: number[]) => void }) {
  return (
    <fieldset className="grid gap-1 sm:col-span-2">
      <legend className="mb-1 text-body font-medium">Days</legend>
      <div className="flex flex-wrap gap-x-4 gap-y-1">
        {DAYS.map((label, index) => {
          const day = index + 1;
          const chosen = days.includes(day);
          return (
            <label key={day} className="flex min-h-6 items-center gap-2 pointer-coarse:min-h-11">
              <input
                type="checkbox"
                checked={chosen}
                // A week without a day would never come.
                disabled={chosen && days.length === 1}
                onChange={() => onChange(chosen ? days.filter((one) => one !== day) : [...days, day])}
                className="size-4 accent-accent-fill pointer-coarse:size-5"
              />
              {label}
            </label>
          );
        })}
      </div>
    </fieldset>
  );
}
