import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import * as queries from "@/api/queries";
import type { DeploymentView, ServiceView } from "@/api/types";
import { Loaded } from "@/components/Loaded";
import { LinkButton } from "@/components/links";
import { OperationList } from "@/components/OperationRow";
import { useAboutApp, useMay } from "@/components/permissions";
import { count } from "@/lib/format";
import { container } from "@/lib/names";
import { Banner } from "@/ui/Banner";
import { Card, Facts } from "@/ui/Card";
import { StatusText } from "@/ui/Status";
import { Ago, When } from "@/ui/Time";
import { LastLines } from "./LastLines";

/** What an app is doing, in one sentence, from what was observed on its device. */
function sentence(app: DeploymentView): string {
  const all = app.services.length;
  const good = app.services.filter((service) => container(service.state, service.health).status === "ok").length;
  switch (app.state) {
    case "running":
      return all === 1 ? "It runs as it should." : `All ${all} services run as they should.`;
    case "degraded":
      return app.desired === "stopped"
        ? "It should be stopped, but something of it still runs."
        : `${good} of ${count(all, "service")} run as they should.`;
    case "failed":
      return "It should run and does not.";
    case "stopped":
      return "It was stopped on purpose. Its data stays.";
    case "deploying":
      return "It is being deployed.";
    case "unknown":
      return `${app.device} does not answer, so its state is not known.`;
  }
}

export default function Overview() {
  const { name } = useParams({ from: "/shell/apps/$name/" });
  const query = useQuery(queries.deployment(name));
  const operations = useQuery(queries.operations({ deployment: name, limit: 5 }));
  const mayLogs = useMay("logs.read", useAboutApp(name));
  return (
    <Loaded query={query} what="this app">
      {(app) => (
        <div className="grid gap-4">
          {app.update_available && (
            <Banner
              status="warn"
              title="The catalog has a newer definition of this app."
              actions={
                <LinkButton to="/apps/$name/config" params={{ name }} size="small">
                  Review the update
                </LinkButton>
              }
            />
          )}
          <div className="grid items-start gap-4 lg:grid-cols-[minmax(0,1.5fr)_minmax(0,1fr)]">
            <div className="grid min-w-0 gap-4">
              <Card title={sentence(app)} flush>
                <Services services={app.services} />
              </Card>
              {mayLogs && (app.state === "failed" || app.state === "degraded") && <LastLines name={app.name} />}
              {app.post_install && (
                <Card title="After the first start">
                  <p className="max-w-prose whitespace-pre-line">{app.post_install}</p>
                </Card>
              )}
              <Card
                title="Recent operations"
                flush
                aside={
                  <Link to="/activity" search={{ app: name }} className="link">
                    All
                  </Link>
                }
              >
                <div className="px-3">
                  <Loaded query={operations} what="operations">
                    {(all) =>
                      all.length > 0 ? <OperationList operations={all} /> : <p className="py-3 text-muted">None yet.</p>
                    }
                  </Loaded>
                </div>
              </Card>
            </div>
            <Card title="Facts">
              <Facts
                items={[
                  ["Links", <Links key="l" app={app} />],
                  ["Application", <code key="a">{app.application}</code>],
                  [
                    "Device",
                    <Link key="d" to="/devices/$id" params={{ id: app.device_id }} className="link">
                      {app.device}
                    </Link>,
                  ],
                  ["Revision", app.revision === null ? "none yet" : String(app.revision)],
                  ["Deployed", <When key="c" at={app.created_at} />],
                  ["Changed", <When key="u" at={app.updated_at} />],
                  ["Seen", <Ago key="o" at={app.observed_at} />],
                ]}
              />
            </Card>
          </div>
        </div>
      )}
    </Loaded>
  );
}

function Links({ app }: { app: DeploymentView }) {
  if (app.links.length === 0) return <>none</>;
  return (
    <ul className="grid gap-1">
      {app.links.map((link) => (
        <li key={link.url}>
          <a href={link.url} target="_blank" rel="noreferrer" className="link">
            {link.url}
          </a>
        </li>
      ))}
    </ul>
  );
}

function Services({ services }: { services: ServiceView[] }) {
  return (
    <ul className="grid divide-y divide-border">
      {services.map((service) => {
        const named = container(service.state, service.health);
        const remarks = [
          service.restart_count > 0 && `restarted ${service.restart_count} times`,
          service.exit_code !== null && service.state !== "running" && `exit code ${service.exit_code}`,
        ].filter(Boolean);
        return (
          <li key={service.name} className="flex flex-wrap items-center gap-x-4 gap-y-1 px-4 py-2.5">
            <div className="grid min-w-0 flex-1 basis-48">
              <span className="font-medium">{service.name}</span>
              <code className="text-muted">{service.image}</code>
            </div>
            <div className="grid justify-items-end max-sm:justify-items-start">
              <StatusText {...named} />
              <span className="text-table text-muted">
                {service.started_at !== null && service.state === "running" && (
                  <>
                    since <Ago at={service.started_at} />
                  </>
                )}
                {remarks.length > 0 && ` ${remarks.join(", ")}`}
              </span>
            </div>
          </li>
        );
      })}
    </ul>
  );
}
