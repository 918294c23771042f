import { cx } from "./cx";

export type ButtonLook = "primary" | "secondary" | "ghost" | "danger";
export type ButtonSize = "normal" | "small";

const LOOKS: Record<ButtonLook, string> = {
  primary: "bg-accent-fill text-white border-transparent hover:brightness-110",
  danger: "bg-danger-fill text-white border-transparent hover:brightness-110",
  secondary: "bg-card text-text border-control hover:bg-hover",
  ghost: "bg-transparent text-text border-transparent hover:bg-hover",
};

const DISABLED = "bg-raised text-subtle border-border cursor-not-allowed";

/** The look of a button, for buttons and for links that look like one. */
export function buttonClass(look: ButtonLook = "secondary", size: ButtonSize = "normal", disabled = false): string {
  return cx(
    "inline-flex items-center justify-center gap-2 whitespace-nowrap rounded-control border font-medium select-none transition-colors duration-100",
    size === "small"
      ? "min-h-8 px-2.5 text-table pointer-coarse:min-h-11"
      : "min-h-9 px-3.5 text-body pointer-coarse:min-h-11",
    disabled ? DISABLED : LOOKS[look],
  );
}
