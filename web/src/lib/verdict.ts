// Is everything all right? One sentence and the problems behind it, from what the server reports.
import type {
  ApplicationSummary,
  DeploymentView,
  DeviceView,
  HttpsView,
  Operation,
  ReconcilerStatus,
} from "@/api/types";
import { count } from "./format";
import type { Status } from "./names";

export interface FoundProblem {
  key: string;
  status: Status;
  text: string;
  since: number | null;
  href: string;
  action: string;
}

export interface Verdict {
  status: Status;
  sentence: string;
  problems: FoundProblem[];
}

interface Sources {
  devices: DeviceView[];
  deployments: DeploymentView[];
  operations: Operation[];
  applications: ApplicationSummary[];
  reconcilers?: ReconcilerStatus[];
  https?: HttpsView;
}

function ofDevices(devices: DeviceView[]): FoundProblem[] {
  return devices
    .filter((device) => device.status !== "online")
    .map((device) => ({
      key: device.id,
      status: device.status === "offline" ? "crit" : "warn",
      text: device.problem?.message ?? `${device.name} is ${device.status}.`,
      since: device.observed_at,
      href: `/devices/${device.id}`,
      action: "See the device",
    }));
}

function ofDeployments(deployments: DeploymentView[]): FoundProblem[] {
  return deployments
    .filter((one) => (one.state === "failed" || one.state === "degraded") && !one.busy)
    .map((one) => {
      const bad = one.services.filter((service) => service.state !== "running" || service.health === "unhealthy");
      const names = bad.map((service) => service.name).join(", ");
      const which = names && one.services.length > 1 ? `: ${names}` : "";
      return {
        key: one.id,
        status: one.state === "failed" ? ("crit" as const) : ("warn" as const),
        text:
          one.state === "failed"
            ? `${one.name} should run and does not${which}.`
            : `${one.name} runs, but not all of it${which}.`,
        since: one.observed_at,
        href: `/apps/${one.name}/logs`,
        action: "See its logs",
      };
    });
}

function ofOperations(operations: Operation[]): FoundProblem[] {
  return operations
    .filter((operation) => operation.state === "needs_attention")
    .map((operation) => ({
      key: operation.id,
      status: "crit",
      text: `An operation on ${operation.target} could not be undone completely.`,
      since: operation.finished_at,
      href: `/operations/${operation.id}`,
      action: "See what is left",
    }));
}

function ofCatalog(applications: ApplicationSummary[]): FoundProblem[] {
  const broken = applications.filter((application) => application.broken);
  if (broken.length === 0) return [];
  return [
    {
      key: "catalog",
      status: "warn",
      text: `${count(broken.length, "catalog entry", "catalog entries")} cannot be read: ${broken.map((one) => one.slug).join(", ")}.`,
      since: null,
      href: "/catalog",
      action: "See the catalog",
    },
  ];
}

function ofReconcilers(reconcilers: ReconcilerStatus[]): FoundProblem[] {
  return reconcilers.flatMap(({ name, failure, finished_at: since }) =>
    failure
      ? [
          {
            key: `task-${name}`,
            status: "warn" as const,
            text: `The background task ${name} failed: ${failure.message}.`,
            since,
            href: "/settings/tasks",
            action: "See the background tasks",
          },
        ]
      : [],
  );
}

function ofHttps(https: HttpsView | undefined): FoundProblem[] {
  const exposed = "Plain HTTP is spoken where other machines reach it: passwords and sign-ins can be read on the way.";
  const text = https?.problem ?? (https?.exposed ? exposed : null);
  if (text === null) return [];
  return [
    { key: "https", status: "warn", text, since: null, href: "/settings/https", action: "See how it is reached" },
  ];
}

export function verdict({ devices, deployments, operations, applications, reconcilers = [], https }: Sources): Verdict {
  const order = ["crit", "warn"];
  const problems = [
    ...ofDevices(devices),
    ...ofDeployments(deployments),
    ...ofOperations(operations),
    ...ofReconcilers(reconcilers),
    ...ofHttps(https),
    ...ofCatalog(applications),
  ].sort((a, b) => order.indexOf(a.status) - order.indexOf(b.status));
  if (problems.length > 0) {
    return {
      status: problems[0]?.status ?? "warn",
      sentence: `${count(problems.length, "problem")} to look at`,
      problems,
    };
  }
  const stopped = deployments.filter((one) => one.state === "stopped").length;
  const apps =
    deployments.length === 0
      ? "no apps yet"
      : `${count(deployments.length, "app")}${stopped > 0 ? ` (${stopped} stopped)` : ""}`;
  return { status: "ok", sentence: `All good. ${count(devices.length, "device")}, ${apps}.`, problems };
}

export interface Capacity {
  reporting: number;
  devices: number;
  missing: string[];
  memory: { used: number; total: number };
  disk: { used: number; total: number };
  load: number;
  cpus: number;
}

/** What all devices that report have together. */
export function capacity(devices: DeviceView[]): Capacity {
  const reporting = devices.filter((device) => device.facts && device.status !== "offline");
  const sum = (pick: (device: DeviceView) => number) => reporting.reduce((total, device) => total + pick(device), 0);
  return {
    reporting: reporting.length,
    devices: devices.length,
    missing: devices.filter((device) => !reporting.includes(device)).map((device) => device.name),
    memory: {
      used: sum((d) => (d.facts?.memory_total ?? 0) - (d.facts?.memory_available ?? 0)),
      total: sum((d) => d.facts?.memory_total ?? 0),
    },
    disk: {
      used: sum((d) => (d.facts?.disk_total ?? 0) - (d.facts?.disk_available ?? 0)),
      total: sum((d) => d.facts?.disk_total ?? 0),
    },
    load: sum((d) => d.facts?.load_1m ?? 0),
    cpus: sum((d) => d.facts?.cpus ?? 0),
  };
}
