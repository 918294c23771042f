import { Search as Icon } from "lucide-react";
import { cx } from "./cx";
import { controlClass } from "./Field";

/** A filter above a list. */
export function Search({
  label,
  value,
  onChange,
  className,
}: {
  label: string;
  value: string;
  onChange: (text: string) => void;
  className?: string;
}) {
  return (
    <label className={cx("relative block w-full max-w-96", className)}>
      <span className="sr-only">{label}</span>
      <Icon aria-hidden size={16} className="absolute top-1/2 left-3 -translate-y-1/2 text-muted" />
      <input
        type="search"
        placeholder={label}
        value={value}
        onChange={(event) => onChange(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === "Escape" && value) {
            event.preventDefault();
            onChange("");
          }
        }}
        className={cx(controlClass(), "pl-9")}
      />
    </label>
  );
}
