// Query keys in one place, so that an event can say what it makes old.
import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import * as api from "./endpoints";

export const keys = {
  health: ["health"] as const,
  session: ["session"] as const,
  sessions: ["sessions"] as const,
  tokens: ["tokens"] as const,
  users: ["users"] as const,
  devices: ["devices"] as const,
  volumes: ["volumes"] as const,
  applications: ["applications"] as const,
  deployments: ["deployments"] as const,
  operations: ["operations"] as const,
  audit: ["audit"] as const,
  reconcilers: ["reconcilers"] as const,
  retention: ["retention"] as const,
  schedules: ["schedules"] as const,
  backups: ["backups"] as const,
};

export const health = queryOptions({ queryKey: keys.health, queryFn: api.getHealth, staleTime: Infinity });
export const version = queryOptions({ queryKey: ["version"], queryFn: api.getVersion, staleTime: Infinity });
// Its certificate may be exchanged, or cease to be good, without an event.
export const https = queryOptions({ queryKey: ["https"], queryFn: api.getHttps, refetchInterval: 60_000 });
export const retention = queryOptions({ queryKey: keys.retention, queryFn: api.getRetention });
// Frequent tasks tell only what is new, so their ages are asked for now and then.
export const reconcilers = queryOptions({
  queryKey: keys.reconcilers,
  queryFn: api.listReconcilers,
  refetchInterval: 30_000,
});
export const session = queryOptions({
  queryKey: keys.session,
  queryFn: ({ signal }) => api.getSession(signal),
  staleTime: 60_000,
  retry: false,
});
export const sessions = queryOptions({ queryKey: keys.sessions, queryFn: api.listSessions });
export const tokens = queryOptions({ queryKey: keys.tokens, queryFn: api.listTokens });
export const grants = (user: string) =>
  queryOptions({ queryKey: [...keys.users, user, "grants"], queryFn: () => api.listGrants(user) });

export const users = queryOptions({ queryKey: keys.users, queryFn: api.listUsers });

export const backups = queryOptions({ queryKey: keys.backups, queryFn: api.listBackups });

// Facts such as free memory change without an event.
export const devices = queryOptions({ queryKey: keys.devices, queryFn: api.listDevices, refetchInterval: 15_000 });
export const device = (id: string) =>
  queryOptions({ queryKey: [...keys.devices, id], queryFn: () => api.getDevice(id), refetchInterval: 5_000 });
export const ports = (id: string) =>
  queryOptions({ queryKey: [...keys.devices, id, "ports"], queryFn: () => api.listPorts(id) });
export const containers = (id: string) =>
  queryOptions({ queryKey: [...keys.devices, id, "containers"], queryFn: () => api.listContainers(id) });
export const scripts = (id: string) =>
  queryOptions({ queryKey: [...keys.devices, id, "scripts"], queryFn: () => api.listScripts(id) });
export const volumes = queryOptions({ queryKey: keys.volumes, queryFn: api.listVolumes });

export const applications = queryOptions({ queryKey: keys.applications, queryFn: api.listApplications });
export const application = (slug: string) =>
  queryOptions({ queryKey: [...keys.applications, slug], queryFn: () => api.getApplication(slug) });

export const deployments = queryOptions({
  queryKey: keys.deployments,
  queryFn: api.listDeployments,
  refetchInterval: 30_000,
});
export const deployment = (name: string) =>
  queryOptions({
    queryKey: [...keys.deployments, name],
    queryFn: () => api.getDeployment(name),
    refetchInterval: 15_000,
  });
export const config = (name: string) =>
  queryOptions({ queryKey: [...keys.deployments, name, "config"], queryFn: () => api.getConfig(name) });
export const revisions = (name: string) =>
  queryOptions({ queryKey: [...keys.deployments, name, "revisions"], queryFn: () => api.listRevisions(name) });
export const files = (name: string) =>
  queryOptions({ queryKey: [...keys.deployments, name, "files"], queryFn: () => api.listFiles(name) });

export const operations = (filter: api.OperationFilter = {}) =>
  queryOptions({
    queryKey: [...keys.operations, "list", filter],
    queryFn: () => api.listOperations(filter),
    placeholderData: keepPreviousData,
  });
export const operation = (id: string) =>
  queryOptions({ queryKey: [...keys.operations, "one", id], queryFn: () => api.getOperation(id) });

export const schedules = queryOptions({
  queryKey: [...keys.schedules, "list"],
  queryFn: api.listSchedules,
  // Due times pass without an event while nothing comes of them.
  refetchInterval: 60_000,
});
export const schedule = (name: string) =>
  queryOptions({
    queryKey: [...keys.schedules, "one", name],
    queryFn: () => api.getSchedule(name),
    refetchInterval: 60_000,
  });
export const calendar = (query: { from: number; to: number; time_zone: string }) =>
  queryOptions({
    queryKey: [...keys.schedules, "calendar", query],
    queryFn: () => api.getCalendar(query),
    placeholderData: keepPreviousData,
  });
