import { useQuery } from "@tanstack/react-query";
import { Link, Outlet, useParams } from "@tanstack/react-router";
import * as queries from "@/api/queries";
import type { DeploymentView } from "@/api/types";
import { AppIcon } from "@/components/AppIcon";
import { AppState } from "@/components/AppGrid";
import { DeploymentActions } from "@/components/DeploymentActions";
import { Loaded } from "@/components/Loaded";
import { LinkButton } from "@/components/links";
import { Page } from "@/components/Page";
import { kindVerb, stepLabel } from "@/lib/names";
import { Banner, EmptyState, Skeleton } from "@/ui/Banner";
import { tabActiveClass, tabClass, tabListClass } from "@/ui/Tabs";

const TABS = [
  { to: "/apps/$name", label: "Overview" },
  { to: "/apps/$name/logs", label: "Logs" },
  { to: "/apps/$name/config", label: "Config" },
  { to: "/apps/$name/history", label: "History" },
  { to: "/apps/$name/files", label: "Files & commands" },
] as const;

/** One app: its heading, its actions, and a tab each for what there is to see. */
export default function App() {
  const { name } = useParams({ from: "/shell/apps/$name" });
  const query = useQuery(queries.deployment(name));
  const app = query.data;
  return (
    <Page
      title={app?.name ?? name}
      above={
        <>
          <Link to="/apps" className="link">
            Apps
          </Link>{" "}
          / {app?.name ?? name}
        </>
      }
      lead={app && <AppIcon icon={app.icon} title={app.title} size={48} />}
      below={
        app && (
          <span className="flex flex-wrap items-center gap-x-3">
            <AppState app={app} />
            <span>
              {app.title} on{" "}
              <Link to="/devices/$id" params={{ id: app.device_id }} className="link">
                {app.device}
              </Link>
            </span>
          </span>
        )
      }
      actions={app && <DeploymentActions app={app} />}
    >
      <Loaded
        query={query}
        what="this app"
        skeleton={<Skeleton className="h-24" rows={3} />}
        notFound={
          <EmptyState title={`There is no app ${name}`} action={<LinkButton to="/apps">All apps</LinkButton>}>
            It may have been removed. What was done to it is in Activity.
          </EmptyState>
        }
      >
        {(found) => (
          <div className="grid min-w-0 gap-4">
            <Busy app={found} />
            <nav aria-label={`Views of ${name}`} className={tabListClass}>
              {TABS.map((tab) => (
                <Link
                  key={tab.to}
                  to={tab.to}
                  params={{ name }}
                  activeOptions={{ exact: true, includeSearch: false }}
                  activeProps={{ className: tabActiveClass, "aria-current": "page" }}
                  className={tabClass}
                >
                  {tab.label}
                </Link>
              ))}
            </nav>
            <div className="min-w-0">
              <Outlet />
            </div>
          </div>
        )}
      </Loaded>
    </Page>
  );
}

function Busy({ app }: { app: DeploymentView }) {
  if (!app.busy) return null;
  return (
    <Banner
      status="busy"
      title={`${kindVerb(app.busy.kind)} is under way${app.busy.step ? `: ${stepLabel(app.busy.step)}` : ""}.`}
      actions={
        <LinkButton to="/operations/$id" params={{ id: app.busy.operation_id }} size="small">
          Follow it
        </LinkButton>
      }
    />
  );
}
