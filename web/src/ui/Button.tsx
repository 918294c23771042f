import { Popover } from "@base-ui/react/popover";
import { LoaderCircle } from "lucide-react";
import { type ComponentProps, type ReactNode } from "react";
import { buttonClass, type ButtonLook, type ButtonSize } from "./button-class";
import { cx } from "./cx";

export interface ButtonProps extends Omit<ComponentProps<"button">, "disabled"> {
  look?: ButtonLook;
  size?: ButtonSize;
  icon?: ReactNode;
  /** Waiting for the answer: shown within the button, a second press does nothing. */
  busy?: boolean;
  /** Why it cannot be used now. It stays visible and says so on hover, focus and touch. */
  reason?: string | null | false;
}

export function Button({
  look,
  size,
  icon,
  busy,
  reason,
  children,
  className,
  onClick,
  type = "button",
  ...rest
}: ButtonProps) {
  if (reason) {
    return (
      <Blocked look={look} size={size} className={className} reason={reason} label={rest["aria-label"]}>
        {icon}
        {children}
      </Blocked>
    );
  }
  return (
    <button
      type={type}
      className={cx(buttonClass(look, size), className)}
      aria-busy={busy || undefined}
      onClick={busy ? (event) => event.preventDefault() : onClick}
      {...rest}
    >
      {busy ? <LoaderCircle aria-hidden size={16} className="animate-spin" /> : icon}
      {children}
    </button>
  );
}

interface BlockedProps {
  look?: ButtonLook;
  size?: ButtonSize;
  className?: string;
  reason: string;
  label?: string;
  children: ReactNode;
}

function Blocked({ look, size, className, reason, label, children }: BlockedProps) {
  return (
    <Popover.Root>
      <Popover.Trigger
        openOnHover
        delay={200}
        nativeButton
        render={
          <button
            type="button"
            aria-disabled="true"
            aria-label={label && `${label}. ${reason}`}
            className={cx(buttonClass(look, size, true), className)}
          />
        }
      >
        {children}
        <span className="sr-only">. {reason}</span>
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Positioner sideOffset={6} className="z-50">
          <Popover.Popup
            initialFocus={false}
            className="max-w-72 rounded-control border border-border bg-raised px-3 py-2 text-table text-text shadow-popover outline-none"
          >
            {reason}
          </Popover.Popup>
        </Popover.Positioner>
      </Popover.Portal>
    </Popover.Root>
  );
}

/** A square button with a picture; its name is for screen readers and the tooltip. */
export function IconButton({
  label,
  icon,
  className,
  ...rest
}: Omit<ButtonProps, "children" | "icon"> & { label: string; icon: ReactNode }) {
  return (
    <Button
      look="ghost"
      size="small"
      aria-label={label}
      title={rest.reason ? undefined : label}
      className={cx("min-w-8 px-0! pointer-coarse:min-w-11", className)}
      icon={icon}
      {...rest}
    />
  );
}
