import { TextField } from "@/ui/Field";
import type { PortChoice } from "./form";

interface PortsProps {
  ports: PortChoice[];
  values: Record<string, string>;
  errors: Record<string, string>;
  onChange: (key: string, value: string) => void;
}

/** The ports on the device, each changeable. */
export function Ports({ ports, values, errors, onChange }: PortsProps) {
  if (ports.length === 0) return null;
  return (
    <fieldset className="grid gap-4">
      <legend className="sr-only">Ports on the device</legend>
      <div className="grid gap-4 sm:grid-cols-2">
        {ports.map((port) => (
          <TextField
            key={port.key}
            label={port.web ? "Web port" : `Port for ${port.key}`}
            help={`Leads to ${port.key} of ${port.container}.`}
            name={`ports.${port.key}`}
            inputMode="numeric"
            autoComplete="off"
            value={values[port.key] ?? ""}
            error={errors[`ports.${port.key}`]}
            onChange={(event) => onChange(port.key, event.target.value.replace(/\D/g, "").slice(0, 5))}
          />
        ))}
      </div>
    </fieldset>
  );
}
