import { Eye, EyeOff } from "lucide-react";
import { useId, useState, type ComponentProps, type ReactNode } from "react";
import { cx } from "./cx";
import { Sentence } from "./Sentence";

export interface FieldProps {
  label: string;
  help?: ReactNode;
  error?: string;
  /** Shown after the label, such as "optional". */
  note?: string;
  className?: string;
}

interface Wiring {
  id: string;
  "aria-describedby": string | undefined;
  "aria-invalid": true | undefined;
}

/** Label, help and error around one control, wired for screen readers. */
export function Field({
  label,
  help,
  error,
  note,
  className,
  children,
}: FieldProps & { children: (wiring: Wiring) => ReactNode }) {
  const id = useId();
  const described = [help && `${id}-help`, error && `${id}-error`].filter(Boolean).join(" ");
  return (
    <div className={cx("grid content-start gap-1", className)}>
      <label htmlFor={id} className="text-body font-medium">
        {label}
        {note && <span className="ml-2 text-meta font-normal text-subtle">{note}</span>}
      </label>
      {children({ id, "aria-describedby": described || undefined, "aria-invalid": error ? true : undefined })}
      {error && (
        <p id={`${id}-error`} className="flex items-start gap-1.5 text-table text-text">
          <span aria-hidden className="mt-0.5 inline-block h-4 w-1 shrink-0 rounded-full bg-crit" />
          <span>
            <Sentence text={error} />
          </span>
        </p>
      )}
      {help && (
        <p id={`${id}-help`} className="text-table text-muted">
          {help}
        </p>
      )}
    </div>
  );
}

export const controlClass = (invalid?: boolean): string =>
  cx(
    "min-h-9 w-full min-w-0 rounded-control border bg-card px-3 text-body text-text max-md:text-lead pointer-coarse:min-h-11",
    invalid ? "border-crit" : "border-control",
  );

export function TextField({
  label,
  help,
  error,
  note,
  className,
  ...input
}: FieldProps & Omit<ComponentProps<"input">, "className">) {
  return (
    <Field label={label} help={help} error={error} note={note} className={className}>
      {(wiring) => <input {...wiring} {...input} className={controlClass(Boolean(error))} />}
    </Field>
  );
}

export function PasswordField({
  label,
  help,
  error,
  note,
  className,
  ...input
}: FieldProps & Omit<ComponentProps<"input">, "className" | "type">) {
  const [shown, setShown] = useState(false);
  const Icon = shown ? EyeOff : Eye;
  return (
    <Field label={label} help={help} error={error} note={note} className={className}>
      {(wiring) => (
        <span className="relative block">
          <input
            {...wiring}
            {...input}
            type={shown ? "text" : "password"}
            spellCheck={false}
            autoCapitalize="none"
            className={cx(controlClass(Boolean(error)), "pr-11")}
          />
          <button
            type="button"
            aria-label={shown ? `Hide ${label.toLowerCase()}` : `Show ${label.toLowerCase()}`}
            aria-pressed={shown}
            onClick={() => setShown(!shown)}
            className="absolute inset-y-0 right-0 grid w-10 place-items-center rounded-control text-muted hover:text-text"
          >
            <Icon aria-hidden size={16} />
          </button>
        </span>
      )}
    </Field>
  );
}

export function SelectField({
  label,
  help,
  error,
  note,
  className,
  options,
  ...select
}: FieldProps & Omit<ComponentProps<"select">, "className"> & { options: { value: string; label: string }[] }) {
  return (
    <Field label={label} help={help} error={error} note={note} className={className}>
      {(wiring) => (
        <select {...wiring} {...select} className={cx(controlClass(Boolean(error)), "pr-8")}>
          {options.map((option) => (
            <option key={option.value} value={option.value}>
              {option.label}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

export function CheckField({
  label,
  help,
  error,
  className,
  ...input
}: FieldProps & Omit<ComponentProps<"input">, "className" | "type">) {
  const id = useId();
  const described = [help && `${id}-help`, error && `${id}-error`].filter(Boolean).join(" ");
  return (
    <div className={cx("grid gap-1", className)}>
      <label
        htmlFor={id}
        className="flex min-h-6 items-start gap-2.5 text-body font-medium pointer-coarse:min-h-11 pointer-coarse:items-center"
      >
        <input
          id={id}
          type="checkbox"
          aria-describedby={described || undefined}
          aria-invalid={error ? true : undefined}
          {...input}
          className="mt-0.5 size-4 shrink-0 accent-accent-fill pointer-coarse:mt-0 pointer-coarse:size-5"
        />
        {label}
      </label>
      {error && (
        <p id={`${id}-error`} className="pl-6.5 text-table">
          {error}
        </p>
      )}
      {help && (
        <p id={`${id}-help`} className="pl-6.5 text-table text-muted">
          {help}
        </p>
      )}
    </div>
  );
}
