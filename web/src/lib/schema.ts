// A settings schema (JSON Schema) as a list of form fields, and values read from such a form.
import type { JsonSchema, SettingValue, SettingValues } from "@/api/types";

export interface SchemaField {
  key: string;
  type: "string" | "integer" | "number" | "boolean";
  title: string;
  description: string;
  default: SettingValue | undefined;
  required: boolean;
  options: SettingValue[];
  minimum: number | undefined;
  maximum: number | undefined;
  pattern: string | undefined;
  secret: boolean;
  /** Steward makes a value when none is given. */
  generated: boolean;
  advanced: boolean;
}

/** What the form holds: text as typed, or a tick. */
export type Draft = Record<string, string | boolean>;

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;
const text = (value: unknown): string => (typeof value === "string" ? value : "");
const numeric = (value: unknown): number | undefined => (typeof value === "number" ? value : undefined);

/** The fields in the definition's order, which JSON objects do not keep. */
export function fieldsOf(schema: JsonSchema | null | undefined, order: string[] = []): SchemaField[] {
  if (!schema || !isObject(schema.properties)) return [];
  const required = Array.isArray(schema.required) ? schema.required : [];
  const fields = Object.entries(schema.properties).flatMap(([key, raw]) => {
    if (!isObject(raw)) return [];
    const types = Array.isArray(raw.type) ? raw.type : [raw.type];
    const type = types.find((one) => one === "integer" || one === "number" || one === "boolean") ?? "string";
    const field: SchemaField = {
      key,
      type: type as SchemaField["type"],
      title: text(raw.title) || key,
      description: text(raw.description),
      default: raw.default as SettingValue | undefined,
      required: required.includes(key),
      options: Array.isArray(raw.enum) ? (raw.enum as SettingValue[]) : [],
      minimum: numeric(raw.minimum) ?? numeric(raw.minLength),
      maximum: numeric(raw.maximum) ?? numeric(raw.maxLength),
      pattern: text(raw.pattern) || undefined,
      secret: raw.writeOnly === true,
      generated: Boolean(raw["x-generate"]),
      advanced: raw["x-advanced"] === true,
    };
    return [field];
  });
  const place = (field: SchemaField) => (order.includes(field.key) ? order.indexOf(field.key) : order.length);
  return fields.sort((a, b) => place(a) - place(b));
}

export function draftOf(fields: SchemaField[], values: SettingValues): Draft {
  const draft: Draft = {};
  for (const field of fields) {
    const value = values[field.key] ?? (field.secret ? undefined : field.default);
    if (field.type === "boolean") draft[field.key] = value === true;
    else draft[field.key] = value === undefined || value === null ? "" : String(value);
  }
  return draft;
}

/** The value of one field as the API takes it; `undefined` when the field is left empty. */
export function valueOf(field: SchemaField, entry: string | boolean | undefined): SettingValue | undefined {
  if (field.type === "boolean") return entry === true;
  if (typeof entry !== "string" || entry === "") return undefined;
  if (field.options.length > 0) return field.options.find((option) => String(option) === entry) ?? entry;
  if (field.type === "string") return entry;
  const value = Number(entry);
  // Not a number: sent as it is, so that the server's sentence about it is shown.
  return entry.trim() !== "" && Number.isFinite(value) ? value : entry;
}

/** The settings of a new deployment: what differs from the defaults, and all that is required. */
export function newSettings(fields: SchemaField[], draft: Draft): SettingValues {
  const settings: SettingValues = {};
  for (const field of fields) {
    const value = valueOf(field, draft[field.key]);
    if (value === undefined || value === field.default) continue;
    if (field.type === "boolean" && value === false && field.default === undefined && !field.required) continue;
    settings[field.key] = value;
  }
  return settings;
}

/** What a changed form asks for: only the settings that differ; `null` returns one to its default. */
export function changedSettings(fields: SchemaField[], before: Draft, after: Draft): SettingValues {
  const settings: SettingValues = {};
  for (const field of fields) {
    if (before[field.key] === after[field.key]) continue;
    const value = valueOf(field, after[field.key]);
    if (value === undefined && field.secret) continue;
    settings[field.key] = value ?? null;
  }
  return settings;
}

/** A complaint that needs no server: a required field is empty, a number is out of range. */
export function complaint(field: SchemaField, entry: string | boolean | undefined): string | undefined {
  const value = valueOf(field, entry);
  if (value === undefined) return field.required && !field.generated ? `${field.title} is needed.` : undefined;
  if (field.type === "integer" || field.type === "number") {
    if (typeof value !== "number") return "This is not a number.";
    if (field.type === "integer" && !Number.isInteger(value)) return "This is not a whole number.";
    if (field.minimum !== undefined && value < field.minimum) return `The smallest value is ${field.minimum}.`;
    if (field.maximum !== undefined && value > field.maximum) return `The largest value is ${field.maximum}.`;
  }
  if (field.type === "string" && typeof value === "string") {
    if (field.minimum !== undefined && value.length < field.minimum) return `At least ${field.minimum} characters.`;
    if (field.maximum !== undefined && value.length > field.maximum) return `At most ${field.maximum} characters.`;
  }
  return undefined;
}
