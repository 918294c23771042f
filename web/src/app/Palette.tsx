import { Dialog } from "@base-ui/react/dialog";
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { Boxes, CalendarClock, ScrollText, Server } from "lucide-react";
import { useId, useMemo, useState, type ReactNode } from "react";
import * as queries from "@/api/queries";
import { useSession } from "@/components/permissions";
import { does } from "@/components/schedule";
import { DEPLOYMENT } from "@/lib/names";
import { rank } from "@/lib/rank";
import { cx } from "@/ui/cx";
import { StatusGlyph } from "@/ui/Status";
import { DEEPER } from "./deeper";
import { NAV } from "./nav";

interface Entry {
  key: string;
  label: string;
  note: string;
  icon: ReactNode;
  href: string;
}

const MOST = 12;

function useEntries(): Entry[] {
  const apps = useQuery(queries.deployments).data;
  const catalog = useQuery(queries.applications).data;
  const devices = useQuery(queries.devices).data;
  const schedules = useQuery(queries.schedules).data;
  const permissions = useSession()?.permissions;
  return useMemo(() => {
    const deeper = DEEPER.filter(({ permission }) => !permission || permissions?.includes(permission));
    const pages = [...NAV, ...deeper].map(({ to, label, icon: Icon }) => ({
      key: to,
      label,
      note: "Page",
      icon: <Icon aria-hidden size={16} />,
      href: to,
    }));
    const running = (apps ?? []).flatMap((app) => [
      {
        key: app.id,
        label: app.name,
        note: `App, ${DEPLOYMENT[app.state].label.toLowerCase()}`,
        icon: <StatusGlyph status={DEPLOYMENT[app.state].status} />,
        href: `/apps/${app.name}`,
      },
      {
        key: `${app.id}-logs`,
        label: `${app.name} logs`,
        note: "Logs",
        icon: <ScrollText aria-hidden size={16} />,
        href: `/apps/${app.name}/logs`,
      },
    ]);
    const entries = (catalog ?? [])
      .filter((entry) => !entry.broken)
      .map((entry) => ({
        key: `c-${entry.slug}`,
        label: `Deploy ${entry.title}`,
        note: entry.category,
        icon: <Boxes aria-hidden size={16} />,
        href: `/deploy/${entry.slug}`,
      }));
    const machines = (devices ?? []).map((device) => ({
      key: device.id,
      label: device.name,
      note: "Device",
      icon: <Server aria-hidden size={16} />,
      href: `/devices/${device.id}`,
    }));
    const planned = (schedules ?? []).map((schedule) => ({
      key: schedule.id,
      label: schedule.name,
      note: `Schedule, ${does(schedule)}`,
      icon: <CalendarClock aria-hidden size={16} />,
      href: `/activity/schedules/${schedule.name}`,
    }));
    return [...running, ...pages, ...machines, ...planned, ...entries];
  }, [apps, catalog, devices, schedules, permissions]);
}

/** Everything by name: a few letters and Enter. */
export default function Palette({ onClose }: { onClose: () => void }) {
  const [text, setText] = useState("");
  const [at, setAt] = useState(0);
  const id = useId();
  const entries = useEntries();
  const navigate = useNavigate();
  const found = useMemo(
    () => rank(entries, text, (entry) => `${entry.label} ${entry.note}`).slice(0, MOST),
    [entries, text],
  );
  const chosen = found[Math.min(at, found.length - 1)];
  const open = (entry: Entry | undefined) => {
    if (!entry) return;
    onClose();
    void navigate({ to: entry.href });
  };
  const onKeyDown = (event: React.KeyboardEvent) => {
    if (event.key === "ArrowDown") setAt(Math.min(at + 1, found.length - 1));
    else if (event.key === "ArrowUp") setAt(Math.max(at - 1, 0));
    else if (event.key === "Enter") open(chosen);
    else return;
    event.preventDefault();
  };
  return (
    <Dialog.Root open onOpenChange={(next) => !next && onClose()}>
      <Dialog.Portal>
        <Dialog.Backdrop className="fixed inset-0 z-40 bg-[rgb(0_0_0/0.55)]" />
        <Dialog.Popup className="slide-in fixed top-[10vh] left-1/2 z-50 w-[min(36rem,calc(100vw-2rem))] -translate-x-1/2 overflow-hidden rounded-card border border-border bg-card text-text shadow-popover outline-none">
          <Dialog.Title className="sr-only">Find</Dialog.Title>
          <input
            role="combobox"
            aria-label="Find an app, a page, a device, a schedule or something to deploy"
            aria-expanded="true"
            aria-controls={`${id}-list`}
            aria-activedescendant={chosen && `${id}-${chosen.key}`}
            autoComplete="off"
            autoFocus
            placeholder="App, page, device, catalog…"
            value={text}
            onChange={(event) => {
              setText(event.target.value);
              setAt(0);
            }}
            onKeyDown={onKeyDown}
            className="min-h-12 w-full border-b border-border bg-transparent px-4 text-lead outline-none"
          />
          <div id={`${id}-list`} role="listbox" aria-label="Found" className="max-h-[60vh] overflow-y-auto p-1">
            {found.map((entry) => (
              <div
                key={entry.key}
                id={`${id}-${entry.key}`}
                role="option"
                tabIndex={-1}
                aria-selected={entry === chosen}
                onMouseMove={() => setAt(found.indexOf(entry))}
                onClick={() => open(entry)}
                className={cx(
                  "flex min-h-10 cursor-pointer items-center gap-3 rounded-control px-3 pointer-coarse:min-h-11",
                  entry === chosen && "bg-hover",
                )}
              >
                {entry.icon}
                <span className="min-w-0 truncate">{entry.label}</span>
                <span className="ml-auto shrink-0 text-table text-muted">{entry.note}</span>
              </div>
            ))}
          </div>
          {found.length === 0 && <p className="p-4 text-muted">Nothing matches “{text}”.</p>}
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}
