import { useState } from "react";
import { setSingleKeys, singleKeysAreOn } from "@/app/shortcuts";
import { NAV } from "@/app/nav";
import { useStore } from "@/lib/store";
import { setTheme, theme, type ThemeChoice } from "@/lib/theme";
import { Card } from "@/ui/Card";
import { CheckField } from "@/ui/Field";

const CHOICES: { value: ThemeChoice; label: string; help: string }[] = [
  { value: "system", label: "As the system", help: "Follows the light or dark setting of this computer or phone." },
  { value: "dark", label: "Dark", help: "Light text on dark ground." },
  { value: "light", label: "Light", help: "Dark text on light ground." },
];

export default function Appearance() {
  const chosen = useStore(theme);
  const [keys, setKeys] = useState(singleKeysAreOn);
  return (
    <>
      <Card title="Theme">
        <fieldset className="grid gap-3">
          <legend className="sr-only">Theme</legend>
          {CHOICES.map(({ value, label, help }) => (
            <label key={value} className="flex gap-3 pointer-coarse:min-h-11">
              <input
                type="radio"
                name="theme"
                className="mt-0.5 size-4 shrink-0 accent-accent-fill pointer-coarse:size-5"
                checked={chosen === value}
                onChange={() => setTheme(value)}
              />
              <span className="grid">
                <span className="font-medium">{label}</span>
                <span className="text-table text-muted">{help}</span>
              </span>
            </label>
          ))}
        </fieldset>
        <p className="pt-4 text-table text-muted">
          If the page ever cannot be read, add <code>?theme=safe</code> to its address.
        </p>
      </Card>
      <Card title="Keyboard">
        <div className="grid gap-4">
          <CheckField
            label="Single-key shortcuts"
            help="Kept in this browser. Ctrl K works in either case."
            checked={keys}
            onChange={(event) => {
              setKeys(event.target.checked);
              setSingleKeys(event.target.checked);
            }}
          />
          <ul className="grid gap-1.5 text-muted">
            <li>
              <kbd>Ctrl K</kbd> find anything
            </li>
            <li>
              <kbd>/</kbd> to the filter of the page
            </li>
            {NAV.map((entry) => (
              <li key={entry.to}>
                <kbd>g</kbd> <kbd>{entry.key}</kbd> {entry.label}
              </li>
            ))}
          </ul>
        </div>
      </Card>
    </>
  );
}
