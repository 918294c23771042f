import type { DeploymentConfig } from "@/api/types";
import type { SchemaField } from "@/lib/schema";
import { Banner } from "@/ui/Banner";
import { Button } from "@/ui/Button";

interface ConflictProps {
  fields: SchemaField[];
  base: DeploymentConfig;
  theirs: DeploymentConfig;
  changed: number;
  onTake: (keepMine: boolean) => void;
}

/** Somebody saved another revision while this form was open: what they changed, and how to go on. */
export function Conflict({ fields, base, theirs, changed, onTake }: ConflictProps) {
  const title = (key: string) => fields.find((field) => field.key === key)?.title ?? key;
  const keys = [...new Set([...Object.keys(base.settings), ...Object.keys(theirs.settings)])];
  const settings = keys
    .filter((key) => base.settings[key] !== theirs.settings[key])
    .map(
      (key) =>
        `${title(key)}: ${String(base.settings[key] ?? "not set")} became ${String(theirs.settings[key] ?? "not set")}`,
    );
  const ports = Object.keys(theirs.ports)
    .filter((key) => base.ports[key] !== theirs.ports[key])
    .map((key) => `Port for ${key}: ${String(base.ports[key] ?? "not set")} became ${String(theirs.ports[key])}`);
  return (
    <Banner
      role="alert"
      status="warn"
      title={`Revision ${theirs.revision} was made while you were editing revision ${base.revision}.`}
      actions={
        <>
          {changed > 0 && (
            <Button size="small" onClick={() => onTake(true)}>
              Take it, keep my changes
            </Button>
          )}
          <Button size="small" onClick={() => onTake(false)}>
            {changed > 0 ? "Take it, drop my changes" : "Take it"}
          </Button>
        </>
      }
    >
      <ul className="list-disc pl-5">
        {[...settings, ...ports].map((line) => (
          <li key={line}>{line}</li>
        ))}
      </ul>
      {settings.length + ports.length === 0 && <p>It differs in secrets or in the definition only.</p>}
    </Banner>
  );
}
