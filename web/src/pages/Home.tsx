import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import * as queries from "@/api/queries";
import type { ApplicationSummary, DeploymentView, DeviceView } from "@/api/types";
import { AppGrid } from "@/components/AppGrid";
import { AppIcon } from "@/components/AppIcon";
import { Loaded } from "@/components/Loaded";
import { LinkButton } from "@/components/links";
import { OperationList } from "@/components/OperationRow";
import { Page } from "@/components/Page";
import { useMay } from "@/components/permissions";
import { bytes, load, mebibytes } from "@/lib/format";
import { capacity, verdict, type FoundProblem, type Verdict } from "@/lib/verdict";
import { Card } from "@/ui/Card";
import { Meter } from "@/ui/Meter";
import { EmptyState, Skeleton } from "@/ui/Banner";
import { StatusGlyph } from "@/ui/Status";
import { Ago } from "@/ui/Time";
import { Next } from "./home/Next";

export default function Home() {
  const devices = useQuery(queries.devices);
  const deployments = useQuery(queries.deployments);
  const operations = useQuery(queries.operations({ limit: 50 }));
  const applications = useQuery(queries.applications);
  const https = useQuery(queries.https);
  const seesAll = useMay("read");
  // Somebody who sees only some apps is not told of the background tasks.
  const asked = useQuery({ ...queries.reconcilers, enabled: seesAll });
  const reconcilers = seesAll ? asked : { data: [], isError: false };
  const known =
    devices.data && deployments.data && operations.data && applications.data && reconcilers.data && https.data;
  const judged: Verdict | null = known
    ? verdict({
        devices: devices.data,
        deployments: deployments.data,
        operations: operations.data,
        applications: applications.data,
        reconcilers: reconcilers.data,
        https: https.data,
      })
    : null;
  const failed = [devices, deployments, operations, applications, reconcilers, https].some(
    (query) => query.isError && !query.data,
  );
  const title = judged?.sentence ?? (failed ? "Not everything could be checked." : "Looking…");
  return (
    <Page
      title={title}
      documentTitle="Home"
      lead={<StatusGlyph status={judged?.status ?? "unknown"} size={28} />}
      actions={
        deployments.data && deployments.data.length > 0 ? (
          <LinkButton to="/catalog">Deploy an app</LinkButton>
        ) : undefined
      }
    >
      {judged && judged.problems.length > 0 && <Problems problems={judged.problems} />}
      <Loaded query={deployments} what="apps" skeleton={<Skeleton className="h-24" rows={2} />}>
        {(apps) =>
          apps.length > 0 ? (
            <Apps apps={apps} />
          ) : seesAll || devices.data?.length ? (
            <Start applications={applications.data} devices={devices.data} />
          ) : (
            <EmptyState title="No app is granted to you yet">An admin can grant you apps and devices.</EmptyState>
          )
        }
      </Loaded>
      <div className="grid items-start gap-4 lg:grid-cols-[1fr_1.4fr]">
        <div className="grid gap-4">
          <Card title="Capacity" aside={devices.data && <Reporting devices={devices.data} />}>
            <Loaded query={devices} what="devices" skeleton={<Skeleton className="h-8" rows={3} />}>
              {(all) => <CapacityMeters devices={all} />}
            </Loaded>
          </Card>
          <Next />
        </div>
        <Card
          title="Recent operations"
          flush
          aside={
            <Link to="/activity" className="link">
              All
            </Link>
          }
        >
          <div className="px-3">
            <Loaded query={operations} what="operations">
              {(all) =>
                all.length === 0 ? (
                  <EmptyState title="No operation yet">
                    Everything that Steward changes is listed here, with what it did.
                  </EmptyState>
                ) : (
                  <OperationList operations={all.slice(0, 8)} />
                )
              }
            </Loaded>
          </div>
        </Card>
      </div>
    </Page>
  );
}

function Problems({ problems }: { problems: FoundProblem[] }) {
  return (
    <Card title="Problems" flush>
      <ul className="grid divide-y divide-border">
        {problems.map((problem) => (
          <li key={problem.key} className="flex flex-wrap items-center gap-x-3 gap-y-1 px-4 py-2.5">
            <StatusGlyph status={problem.status} />
            <span className="min-w-0 flex-1 basis-56">{problem.text}</span>
            {problem.since !== null && (
              <span className="text-table text-muted">
                seen <Ago at={problem.since} />
              </span>
            )}
            <Link to={problem.href} className="link">
              {problem.action}
            </Link>
          </li>
        ))}
      </ul>
    </Card>
  );
}

function Apps({ apps }: { apps: DeploymentView[] }) {
  return (
    <section aria-labelledby="apps-heading" className="grid gap-3">
      <h2 id="apps-heading" className="text-lead font-semibold">
        Apps
      </h2>
      <AppGrid apps={apps} />
    </section>
  );
}

function Reporting({ devices }: { devices: DeviceView[] }) {
  const { reporting, missing } = capacity(devices);
  if (missing.length === 0) return devices.length === 1 ? (devices[0]?.name ?? null) : `${reporting} devices`;
  return `${reporting} of ${devices.length} devices reporting; missing: ${missing.join(", ")}`;
}

function CapacityMeters({ devices }: { devices: DeviceView[] }) {
  const { memory, disk, load: running, cpus, reporting } = capacity(devices);
  if (reporting === 0) return <p className="text-muted">No device reports now.</p>;
  const meter = (part: { used: number; total: number }) => ({
    value: part.total > 0 ? part.used / part.total : null,
    text: `${bytes(part.used)} of ${bytes(part.total)}, ${bytes(part.total - part.used)} free`,
  });
  return (
    <div className="grid gap-4">
      <Meter label="Memory" {...meter(memory)} warnAt={0.85} critAt={0.95} />
      <Meter label="Storage" {...meter(disk)} warnAt={0.8} critAt={0.9} />
      <Meter
        label="Processor"
        value={cpus > 0 ? running / cpus : null}
        text={`load ${load(running)} on ${cpus} ${cpus === 1 ? "core" : "cores"}`}
        warnAt={0.8}
        critAt={0.95}
      />
    </div>
  );
}

/** The first visit: three small apps that fit, one click from being deployed. */
function Start({
  applications,
  devices,
}: {
  applications: ApplicationSummary[] | undefined;
  devices: DeviceView[] | undefined;
}) {
  const picks = (applications ?? [])
    .filter((one) => !one.broken)
    .sort((a, b) => Number(b.embedded) - Number(a.embedded) || a.resources.memory - b.resources.memory)
    .slice(0, 3);
  const problem = devices?.find((device) => device.problem);
  return (
    <Card title="Start here">
      <ol className="grid gap-5">
        <li className="flex gap-3">
          <StatusGlyph status="ok" size={20} />
          <span>Your account is made.</span>
        </li>
        <li className="flex gap-3">
          <StatusGlyph status={devices ? (problem ? "warn" : "ok") : "unknown"} size={20} />
          <span>
            {problem ? (
              <>
                {problem.problem?.message}{" "}
                <Link to="/devices/$id" params={{ id: problem.id }} className="link">
                  How to mend it
                </Link>
              </>
            ) : (
              `${devices?.[0]?.name ?? "This device"} is ready to run apps.`
            )}
          </span>
        </li>
        <li className="flex gap-3">
          <StatusGlyph status="off" size={20} />
          <div className="grid min-w-0 flex-1 gap-3">
            <span>Deploy a first app. These are small:</span>
            <ul className="grid gap-3 md:grid-cols-3">
              {picks.map((one) => (
                <li
                  key={one.slug}
                  className="relative flex gap-3 rounded-card border border-border p-3 hover:border-control"
                >
                  <AppIcon icon={one.icon} title={one.title} />
                  <div className="grid min-w-0 content-start gap-0.5">
                    <Link to="/deploy/$slug" params={{ slug: one.slug }} className="stretched font-medium">
                      {one.title}
                    </Link>
                    <span className="line-clamp-2 text-table text-muted">{one.description}</span>
                    <span className="text-table text-subtle">{mebibytes(one.resources.memory)} memory</span>
                  </div>
                </li>
              ))}
            </ul>
            <p>
              <Link to="/catalog" className="link">
                See the whole catalog
              </Link>
            </p>
          </div>
        </li>
      </ol>
    </Card>
  );
}
