import { ChevronRight, Eye } from "lucide-react";
import type { SchemaField, Draft } from "@/lib/schema";
import { Button } from "@/ui/Button";
import { CheckField, PasswordField, SelectField, TextField } from "@/ui/Field";

interface SchemaFormProps {
  fields: SchemaField[];
  draft: Draft;
  errors: Record<string, string>;
  onChange: (key: string, value: string | boolean) => void;
  /** Secrets that have a value on the server. */
  secretsSet?: string[];
  onReveal?: (key: string) => void;
  revealBlocked?: string | null;
}

/** A form made from a settings schema. */
export function SchemaForm({ fields, ...rest }: SchemaFormProps) {
  const plainFields = fields.filter((field) => !field.advanced);
  return (
    <div className="grid gap-4">
      {plainFields.map((field) => (
        <SchemaInput key={field.key} field={field} {...rest} />
      ))}
    </div>
  );
}

/** What few people change, folded away; open by itself when something in it is wrong. */
export function Advanced({
  title = "Advanced",
  open,
  children,
}: {
  title?: string;
  open?: boolean;
  children: React.ReactNode;
}) {
  return (
    <details className="group" open={open || undefined}>
      <summary className="inline-flex min-h-8 list-none items-center gap-1.5 rounded-control pr-2 font-medium text-muted hover:text-text pointer-coarse:min-h-11">
        <ChevronRight aria-hidden size={16} className="transition-transform group-open:rotate-90" />
        {title}
      </summary>
      <div className="grid gap-4 pt-3">{children}</div>
    </details>
  );
}

export function SchemaInput({
  field,
  draft,
  errors,
  onChange,
  secretsSet,
  onReveal,
  revealBlocked,
}: Omit<SchemaFormProps, "fields"> & { field: SchemaField }) {
  const entry = draft[field.key];
  const text = typeof entry === "string" ? entry : "";
  const common = {
    label: field.title,
    help: helpOf(field),
    error: errors[`settings.${field.key}`],
    name: `settings.${field.key}`,
  };
  if (field.type === "boolean") {
    return (
      <CheckField
        {...common}
        checked={entry === true}
        onChange={(event) => onChange(field.key, event.target.checked)}
      />
    );
  }
  if (field.options.length > 0) {
    const options = field.options.map((option) => ({ value: String(option), label: String(option) }));
    if (!field.required && field.default === undefined) options.unshift({ value: "", label: "not set" });
    return (
      <SelectField
        {...common}
        options={options}
        value={text}
        onChange={(event) => onChange(field.key, event.target.value)}
      />
    );
  }
  const isSet = secretsSet?.includes(field.key) ?? false;
  const note = field.required && !field.generated ? undefined : "optional";
  if (field.secret) {
    return (
      <div className="grid gap-2">
        <PasswordField
          {...common}
          note={isSet ? "set" : field.generated ? "made for you if left empty" : note}
          placeholder={isSet ? "unchanged" : ""}
          autoComplete="off"
          value={text}
          onChange={(event) => onChange(field.key, event.target.value)}
        />
        {isSet && onReveal && (
          <div>
            <Button
              size="small"
              look="ghost"
              icon={<Eye aria-hidden size={16} />}
              reason={revealBlocked}
              onClick={() => onReveal(field.key)}
            >
              Show the present value
            </Button>
          </div>
        )}
      </div>
    );
  }
  const isNumber = field.type === "integer" || field.type === "number";
  return (
    <TextField
      {...common}
      note={field.generated && !text ? "made for you if left empty" : note}
      inputMode={isNumber ? (field.type === "integer" ? "numeric" : "decimal") : undefined}
      autoComplete="off"
      spellCheck={false}
      value={text}
      onChange={(event) => onChange(field.key, event.target.value)}
    />
  );
}

function helpOf(field: SchemaField): string | undefined {
  const range =
    (field.type === "integer" || field.type === "number") && field.minimum !== undefined && field.maximum !== undefined
      ? `From ${field.minimum} to ${field.maximum}.`
      : "";
  return [field.description, range].filter(Boolean).join(" ") || undefined;
}
