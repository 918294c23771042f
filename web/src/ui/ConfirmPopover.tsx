import { Popover } from "@base-ui/react/popover";
import { useRef, useState, type ReactNode } from "react";
import { Button, type ButtonProps } from "./Button";

interface ConfirmPopoverProps extends Omit<ButtonProps, "onClick"> {
  question: string;
  detail?: ReactNode;
  /** Verb and object, such as `Stop photos`. */
  confirm: string;
  onConfirm: () => void;
}

/** A button that asks once, in place, before a short outage. */
export function ConfirmPopover({ question, detail, confirm, onConfirm, ...button }: ConfirmPopoverProps) {
  const [open, setOpen] = useState(false);
  const yes = useRef<HTMLButtonElement>(null);
  if (button.reason || button.busy) return <Button {...button} />;
  return (
    <Popover.Root open={open} onOpenChange={setOpen}>
      <Popover.Trigger render={<Button {...button} />} />
      <Popover.Portal>
        <Popover.Positioner sideOffset={8} align="end" collisionPadding={12} className="z-50">
          <Popover.Popup
            initialFocus={yes}
            className="slide-in grid w-[min(20rem,calc(100vw-1.5rem))] gap-3 rounded-card border border-border bg-raised p-4 text-text shadow-popover outline-none"
          >
            <Popover.Title className="font-medium">{question}</Popover.Title>
            {detail && <Popover.Description className="text-muted">{detail}</Popover.Description>}
            <div className="flex justify-end gap-2">
              <Popover.Close render={<Button size="small">Cancel</Button>} />
              <Button
                ref={yes}
                size="small"
                look="primary"
                onClick={() => {
                  setOpen(false);
                  onConfirm();
                }}
              >
                {confirm}
              </Button>
            </div>
          </Popover.Popup>
        </Popover.Positioner>
      </Popover.Portal>
    </Popover.Root>
  );
}
