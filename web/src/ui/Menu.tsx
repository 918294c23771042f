import { Menu as Base } from "@base-ui/react/menu";
import type { ReactElement, ReactNode } from "react";
import { cx } from "./cx";

const popup =
  "slide-in min-w-48 rounded-card border border-border bg-raised p-1 text-text shadow-popover outline-none max-h-[70vh] overflow-y-auto";
const item =
  "flex min-h-9 w-full items-center gap-2.5 rounded-control px-2.5 text-left text-body outline-none select-none data-[highlighted]:bg-hover pointer-coarse:min-h-11";

export function Menu({
  trigger,
  children,
  align = "end",
}: {
  trigger: ReactElement;
  children: ReactNode;
  align?: "start" | "end";
}) {
  return (
    <Base.Root>
      <Base.Trigger render={trigger} />
      <Base.Portal>
        <Base.Positioner sideOffset={6} align={align} collisionPadding={8} className="z-50">
          <Base.Popup className={popup}>{children}</Base.Popup>
        </Base.Positioner>
      </Base.Portal>
    </Base.Root>
  );
}

export function MenuItem({
  onSelect,
  icon,
  children,
  reason,
}: {
  onSelect?: () => void;
  icon?: ReactNode;
  children: ReactNode;
  reason?: string | null | false;
}) {
  return (
    <Base.Item disabled={Boolean(reason)} onClick={onSelect} className={cx(item, reason && "text-subtle")}>
      {icon}
      <span className="grid">
        {children}
        {reason && <span className="max-w-56 text-meta text-subtle">{reason}</span>}
      </span>
    </Base.Item>
  );
}

/** An item that is a link: `render` brings the router's own. */
export function MenuLink({ render, icon, children }: { render: ReactElement; icon?: ReactNode; children: ReactNode }) {
  return (
    <Base.Item render={render} className={item}>
      {icon}
      {children}
    </Base.Item>
  );
}

export function MenuLabel({ children }: { children: ReactNode }) {
  return <div className="px-2.5 py-1.5 text-meta text-muted">{children}</div>;
}

export const MenuLine = () => <Base.Separator className="my-1 h-px bg-border" />;
