import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { RotateCw } from "lucide-react";
import * as queries from "@/api/queries";
import type { DeviceView } from "@/api/types";
import { AppGrid } from "@/components/AppGrid";
import { DeviceMeters } from "@/components/DeviceMeters";
import { Loaded } from "@/components/Loaded";
import { LinkButton } from "@/components/links";
import { Page } from "@/components/Page";
import { duration } from "@/lib/format";
import { DEVICE } from "@/lib/names";
import { Banner, EmptyState, Skeleton } from "@/ui/Banner";
import { Button } from "@/ui/Button";
import { Card, Facts } from "@/ui/Card";
import { CopyLine } from "@/ui/Copy";
import { StatusPill } from "@/ui/Status";
import { Ago } from "@/ui/Time";
import { Containers } from "./Containers";
import { Development } from "./Development";
import { Ports } from "./Ports";
import { Scripts } from "./Scripts";
import { Volumes } from "./Volumes";

export default function Device() {
  const { id } = useParams({ from: "/shell/devices/$id" });
  const query = useQuery(queries.device(id));
  const device = query.data;
  return (
    <Page
      title={device?.name ?? "Device"}
      above={
        <>
          <Link to="/devices" className="link">
            Devices
          </Link>{" "}
          / {device?.name ?? id}
        </>
      }
      below={
        device && (
          <span className="flex flex-wrap items-center gap-2">
            <StatusPill {...DEVICE[device.status]} />
            <span>
              seen <Ago at={device.observed_at} />
            </span>
          </span>
        )
      }
    >
      <Loaded
        query={query}
        what="this device"
        skeleton={<Skeleton className="h-24" rows={3} />}
        notFound={
          <EmptyState title="There is no such device" action={<LinkButton to="/devices">All devices</LinkButton>} />
        }
      >
        {(found) => (
          <div className="grid gap-4">
            {found.problem && <ProblemOf device={found} recheck={() => void query.refetch()} busy={query.isFetching} />}
            <div className="grid items-start gap-4 lg:grid-cols-2">
              <Card title="Load">
                {found.facts ? (
                  <DeviceMeters facts={found.facts} />
                ) : (
                  <p className="text-muted">Nothing is reported now.</p>
                )}
              </Card>
              <FactsCard device={found} />
            </div>
            <Development device={found} />
            <AppsOf device={found} />
            <Volumes device={found} />
            <Scripts device={found} />
            <div className="grid items-start gap-4 lg:grid-cols-2">
              <Containers device={found} />
              <Ports device={found} />
            </div>
          </div>
        )}
      </Loaded>
    </Page>
  );
}

function ProblemOf({ device, recheck, busy }: { device: DeviceView; recheck: () => void; busy: boolean }) {
  if (!device.problem) return null;
  const { message, hint, commands } = device.problem;
  return (
    <Banner
      status={device.status === "offline" ? "crit" : "warn"}
      title={message}
      actions={
        <Button size="small" icon={<RotateCw aria-hidden size={16} />} onClick={recheck} busy={busy}>
          Check again
        </Button>
      }
    >
      <p>{hint}</p>
      {commands.length > 0 && (
        <div className="grid gap-1.5 text-text">
          {commands.map((command) => (
            <CopyLine key={command} text={command} label="Copy the command" />
          ))}
        </div>
      )}
    </Banner>
  );
}

function FactsCard({ device }: { device: DeviceView }) {
  const { facts, engine } = device;
  return (
    <Card title="Facts">
      <Facts
        items={[
          ["Host name", facts?.hostname ?? "—"],
          ["System", facts?.os ?? "—"],
          ["Kernel", facts?.kernel ?? "—"],
          ["Architecture", facts?.architecture ?? "—"],
          ["Processors", facts ? String(facts.cpus) : "—"],
          ["Running for", duration(facts ? facts.uptime_seconds * 1000 : null)],
          ["Engine", engine ? `Docker ${engine.version} (API ${engine.api_version})` : "does not answer"],
          ["Compose", engine ? (engine.compose_version ?? "missing") : "—"],
          ["Data", engine ? <code key="d">{engine.data_root}</code> : "—"],
        ]}
      />
    </Card>
  );
}

function AppsOf({ device }: { device: DeviceView }) {
  const query = useQuery(queries.deployments);
  return (
    <section className="grid gap-3" aria-labelledby="apps-of">
      <h2 id="apps-of" className="text-lead font-semibold">
        Apps
      </h2>
      <Loaded query={query} what="apps">
        {(all) => {
          const here = all.filter((app) => app.device_id === device.id);
          return here.length > 0 ? <AppGrid apps={here} /> : <p className="text-muted">No app runs here.</p>;
        }}
      </Loaded>
    </section>
  );
}
