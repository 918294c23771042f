// The state of the deploy form, and the request that it makes.
import type { ApplicationDetail, Definition, DeployRequest, SettingValues } from "@/api/types";
import { draftOf, newSettings, type Draft, type SchemaField } from "@/lib/schema";

export interface Form {
  name: string;
  device: string;
  settings: Draft;
  /** As typed, by `80/tcp`. */
  ports: Record<string, string>;
}

export interface PortChoice {
  key: string;
  container: string;
  /** The port on the device that the definition asks for. */
  external: number;
  web: boolean;
}

export function portChoices(definition: Definition | null): PortChoice[] {
  return (definition?.containers ?? []).flatMap((container) =>
    container.ports.flatMap((port) =>
      port.external === null
        ? []
        : [
            {
              key: `${port.internal}/${port.protocol}`,
              container: container.name,
              external: port.external,
              web: port.web,
            },
          ],
    ),
  );
}

export function emptyForm(application: ApplicationDetail, fields: SchemaField[]): Form {
  const ports = Object.fromEntries(
    portChoices(application.definition).map((port) => [port.key, String(port.external)]),
  );
  return { name: application.slug, device: "", settings: draftOf(fields, {}), ports };
}

/** What is kept in the tab: everything but the secrets. */
export function withoutSecrets(form: Form, fields: SchemaField[]): Form {
  const secret = new Set(fields.filter((field) => field.secret).map((field) => field.key));
  const settings = Object.fromEntries(Object.entries(form.settings).filter(([key]) => !secret.has(key)));
  return { ...form, settings };
}

export function requestOf(form: Form, application: ApplicationDetail, fields: SchemaField[]): DeployRequest {
  const ports: Record<string, number> = {};
  for (const port of portChoices(application.definition)) {
    const value = Number(form.ports[port.key]);
    if (form.ports[port.key] && value !== port.external) ports[port.key] = value;
  }
  const request: DeployRequest = { name: form.name.trim(), settings: newSettings(fields, form.settings), ports };
  if (form.device) request.device_id = form.device;
  return request;
}

export function applyFix(form: Form, fix: { field: string; value: string }): Form {
  if (fix.field === "name") return { ...form, name: fix.value };
  if (fix.field.startsWith("ports."))
    return { ...form, ports: { ...form.ports, [fix.field.slice("ports.".length)]: fix.value } };
  if (fix.field.startsWith("settings.")) {
    return { ...form, settings: { ...form.settings, [fix.field.slice("settings.".length)]: fix.value } };
  }
  return form;
}

/** The form of an operation that failed, to change and try again. Its secrets were never written down. */
export function formOfRequest(
  request: Record<string, unknown>,
  application: ApplicationDetail,
  fields: SchemaField[],
): Form {
  const form = emptyForm(application, fields);
  const settings = (request.settings ?? {}) as SettingValues;
  const ports = (request.ports ?? {}) as Record<string, number>;
  return {
    name: typeof request.name === "string" ? request.name : form.name,
    device: typeof request.device_id === "string" ? request.device_id : "",
    settings: {
      ...form.settings,
      ...draftOf(
        fields.filter((field) => field.key in settings && !field.secret),
        settings,
      ),
    },
    ports: { ...form.ports, ...Object.fromEntries(Object.entries(ports).map(([key, port]) => [key, String(port)])) },
  };
}
