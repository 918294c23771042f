import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import * as queries from "@/api/queries";
import type { DeviceView } from "@/api/types";
import { DeviceMeters } from "@/components/DeviceMeters";
import { Loaded } from "@/components/Loaded";
import { Page } from "@/components/Page";
import { count } from "@/lib/format";
import { DEVICE } from "@/lib/names";
import { EmptyState } from "@/ui/Banner";
import { StatusPill } from "@/ui/Status";
import { Ago } from "@/ui/Time";

export default function Devices() {
  const query = useQuery(queries.devices);
  return (
    <Page title="Devices" below="The machines that Steward runs apps on.">
      <Loaded query={query} what="devices">
        {(devices) =>
          devices.length === 0 ? (
            <EmptyState title="No device is known">Steward adds the machine it runs on by itself.</EmptyState>
          ) : (
            <ul className="grid grid-cols-[repeat(auto-fill,minmax(min(22rem,100%),1fr))] gap-4">
              {devices.map((device) => (
                <DeviceCard key={device.id} device={device} />
              ))}
            </ul>
          )
        }
      </Loaded>
    </Page>
  );
}

function DeviceCard({ device }: { device: DeviceView }) {
  return (
    <li className="card relative grid content-start gap-4 p-4 hover:border-control">
      <div className="flex items-start justify-between gap-3">
        <div className="grid min-w-0">
          <Link to="/devices/$id" params={{ id: device.id }} className="stretched text-lead font-semibold">
            {device.name}
          </Link>
          <span className="text-table text-muted">
            {device.type}, {device.address === "local" ? "this machine" : device.address},{" "}
            {count(device.deployments, "app")}
          </span>
        </div>
        <StatusPill {...DEVICE[device.status]} />
      </div>
      {device.problem && <p>{device.problem.message}</p>}
      {device.facts && <DeviceMeters facts={device.facts} />}
      <p className="text-table text-muted">
        {device.facts?.os ?? "System not known"}, seen <Ago at={device.observed_at} />
      </p>
    </li>
  );
}
