import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import * as queries from "@/api/queries";
import type { DeploymentView } from "@/api/types";
import { AppIcon } from "@/components/AppIcon";
import { AppState } from "@/components/AppGrid";
import { QuickActions } from "@/components/DeploymentActions";
import { Loaded } from "@/components/Loaded";
import { LinkButton } from "@/components/links";
import { Page } from "@/components/Page";
import { Selection } from "./Selection";
import { rank } from "@/lib/rank";
import { EmptyState } from "@/ui/Banner";
import { Button } from "@/ui/Button";
import { Search } from "@/ui/Search";

export default function Apps() {
  const [picked, setPicked] = useState<ReadonlySet<string>>(new Set());
  const toggle = (id: string) => {
    const next = new Set(picked);
    if (!next.delete(id)) next.add(id);
    setPicked(next);
  };
  const { q } = useSearch({ from: "/shell/apps" });
  const navigate = useNavigate({ from: "/apps" });
  const query = useQuery(queries.deployments);
  const search = (text: string) => void navigate({ search: { q: text || undefined }, replace: true });
  return (
    <Page
      title="Apps"
      actions={
        <LinkButton to="/catalog" look="primary">
          Deploy an app
        </LinkButton>
      }
    >
      <Loaded query={query} what="apps">
        {(apps) => {
          if (apps.length === 0) return <NothingYet />;
          const found = rank(apps, q ?? "", (app) => `${app.name} ${app.title} ${app.device}`);
          return (
            <div className="grid gap-3">
              <Search label="Filter apps" value={q ?? ""} onChange={search} />
              {found.length > 1 && (
                <Selection
                  chosen={found.filter((app) => picked.has(app.id))}
                  total={found.length}
                  onAll={() => setPicked(new Set(found.map((app) => app.id)))}
                  onNone={() => setPicked(new Set())}
                />
              )}
              {found.length > 0 ? (
                <ul className="card grid divide-y divide-border">
                  {found.map((app) => (
                    <Row
                      key={app.id}
                      app={app}
                      picked={found.length > 1 ? picked.has(app.id) : undefined}
                      onPick={() => toggle(app.id)}
                    />
                  ))}
                </ul>
              ) : (
                <EmptyState
                  title={`No app matches “${q}”`}
                  action={<Button onClick={() => search("")}>Clear the filter</Button>}
                />
              )}
            </div>
          );
        }}
      </Loaded>
    </Page>
  );
}

function NothingYet() {
  return (
    <div className="card">
      <EmptyState
        title="Nothing runs here yet"
        action={
          <LinkButton to="/catalog" look="primary">
            Open the catalog
          </LinkButton>
        }
      >
        Choose an application from the catalog; Steward checks that it fits, shows what it will do, and runs it.
      </EmptyState>
    </div>
  );
}

interface RowProps {
  app: DeploymentView;
  /** Whether it is chosen; undefined where there is nothing to choose from. */
  picked: boolean | undefined;
  onPick: () => void;
}

function Row({ app, picked, onPick }: RowProps) {
  return (
    <li className="relative flex flex-wrap items-center gap-x-4 gap-y-2 px-4 py-2.5 hover:bg-hover/40">
      {picked !== undefined && (
        <label className="relative z-1 -m-2 grid place-items-center p-3">
          <span className="sr-only">Choose {app.name}</span>
          <input type="checkbox" className="size-4 accent-accent-fill" checked={picked} onChange={onPick} />
        </label>
      )}
      <AppIcon icon={app.icon} title={app.title} size={32} />
      <div className="grid min-w-0 flex-1 basis-40">
        <Link to="/apps/$name" params={{ name: app.name }} className="stretched font-medium">
          {app.name}
        </Link>
        <span className="truncate text-table text-muted">
          {app.title} on {app.device}
          {app.update_available && ", the catalog has a newer definition"}
        </span>
      </div>
      <div className="w-32 max-md:w-auto">
        <AppState app={app} />
      </div>
      <div className="relative flex gap-1 max-md:w-full">
        <QuickActions app={app} />
      </div>
    </li>
  );
}
