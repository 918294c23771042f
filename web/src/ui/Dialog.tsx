import { Dialog as Base } from "@base-ui/react/dialog";
import { X } from "lucide-react";
import type { ReactNode, RefObject } from "react";
import { IconButton } from "./Button";
import { cx } from "./cx";

interface DialogProps {
  open: boolean;
  onClose: () => void;
  title: string;
  description?: ReactNode;
  children?: ReactNode;
  /** Buttons, the safe one first. */
  actions?: ReactNode;
  /** What has the focus at first. */
  initialFocus?: RefObject<HTMLElement | null>;
  /** `side`: a panel at the right, on phones at the bottom. */
  place?: "middle" | "side";
  /** Stays until it is answered. */
  mustAnswer?: boolean;
}

const PLACES = {
  middle:
    "top-1/2 left-1/2 max-h-[calc(100dvh-2rem)] w-[min(34rem,calc(100vw-2rem))] -translate-x-1/2 -translate-y-1/2 rounded-card",
  side: "inset-y-0 right-0 w-[min(28rem,100vw)] border-y-0 border-r-0 max-md:inset-y-auto max-md:inset-x-0 max-md:bottom-0 max-md:max-h-[85dvh] max-md:w-full max-md:rounded-t-card",
};

export function Dialog({
  open,
  onClose,
  title,
  description,
  children,
  actions,
  initialFocus,
  place = "middle",
  mustAnswer,
}: DialogProps) {
  return (
    <Base.Root
      open={open}
      disablePointerDismissal={mustAnswer}
      onOpenChange={(next) => !next && !mustAnswer && onClose()}
    >
      <Base.Portal>
        <Base.Backdrop className="fixed inset-0 z-40 bg-[rgb(0_0_0/0.55)]" />
        <Base.Popup
          initialFocus={initialFocus}
          className={cx(
            "slide-in fixed z-50 flex flex-col overflow-hidden border border-border bg-card text-text shadow-popover outline-none",
            PLACES[place],
          )}
        >
          <header className="flex items-start justify-between gap-3 border-b border-border py-3 pr-2 pl-4">
            <Base.Title className="pt-0.5 text-lead font-semibold">{title}</Base.Title>
            {!mustAnswer && <IconButton label="Close" icon={<X aria-hidden size={16} />} onClick={onClose} />}
          </header>
          <div className="grid min-h-0 flex-1 content-start gap-4 overflow-y-auto p-4">
            {description && <Base.Description render={<div />}>{description}</Base.Description>}
            {children}
          </div>
          {actions && (
            <footer className="flex flex-wrap justify-end gap-2 border-t border-border px-4 py-3">{actions}</footer>
          )}
        </Base.Popup>
      </Base.Portal>
    </Base.Root>
  );
}
