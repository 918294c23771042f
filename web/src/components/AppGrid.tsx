import { Link } from "@tanstack/react-router";
import { ExternalLink } from "lucide-react";
import type { DeploymentView } from "@/api/types";
import { DEPLOYMENT, kindDoing } from "@/lib/names";
import { OutsideButton } from "./links";
import { AppIcon } from "./AppIcon";
import { StatusGlyph } from "@/ui/Status";

/** What an app is doing now, an operation in progress before its state. */
export function AppState({ app }: { app: DeploymentView }) {
  const { status, label } = app.busy
    ? { status: "busy" as const, label: kindDoing(app.busy.kind) }
    : DEPLOYMENT[app.state];
  return (
    <span className="flex items-center gap-1.5 text-table text-muted">
      <StatusGlyph status={status} size={14} />
      {label}
    </span>
  );
}

export function AppGrid({ apps }: { apps: DeploymentView[] }) {
  return (
    <ul className="grid grid-cols-[repeat(auto-fill,minmax(min(16rem,100%),1fr))] gap-3">
      {apps.map((app) => {
        const link = app.links[0];
        return (
          <li
            key={app.id}
            className="relative flex items-center gap-3 rounded-card border border-border bg-card p-3 hover:border-control"
          >
            <AppIcon icon={app.icon} title={app.title} />
            <div className="grid min-w-0 flex-1">
              <Link to="/apps/$name" params={{ name: app.name }} className="stretched truncate font-medium">
                {app.name}
              </Link>
              <AppState app={app} />
            </div>
            {link && app.state === "running" && (
              <OutsideButton
                href={link.url}
                size="small"
                look="ghost"
                className="relative px-2!"
                icon={<ExternalLink aria-hidden size={16} />}
                aria-label={`Open ${app.name}`}
                title={`Open ${app.name}`}
              />
            )}
          </li>
        );
      })}
    </ul>
  );
}
