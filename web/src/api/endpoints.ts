// Every request that the pages make, one function each.
import { call, randomKey } from "./client";
import type * as t from "./types";

const id = encodeURIComponent;

// System, set-up, session
export const getHealth = () => call<t.Health>("GET", "/system/health", { anonymous: true });
export const getVersion = () => call<t.Version>("GET", "/system/version");
export const getHttps = () => call<t.HttpsView>("GET", "/system/https");
export const getRetention = () => call<t.RetentionView>("GET", "/system/retention");
export const changeRetention = (body: t.RetentionChange) =>
  call<t.RetentionView>("PATCH", "/system/retention", { body });
export const listReconcilers = () => call<t.ReconcilerStatus[]>("GET", "/reconcilers");
export const runReconciler = (name: string) => call<t.ReconcilerStatus>("POST", `/reconcilers/${id(name)}/run`);
export const listBackups = () => call<t.Backups>("GET", "/system/backups");
export const makeBackup = () => call<t.Accepted>("POST", "/system/backups", { body: {}, idempotencyKey: randomKey() });
export const revealBackupKey = () => call<t.BackupKey>("POST", "/system/backups/key", { body: {} });
export const backupKeyIsSaved = (recipient: string) =>
  call<undefined>("POST", "/system/backups/key/saved", { body: { recipient } });
export const claim = (body: { code: string; user: string; password: string }) =>
  call<{ user: t.User }>("POST", "/setup", { body, anonymous: true });
export const signIn = (body: { user: string; password: string }) =>
  call<{ user: t.User; expires_at: t.Timestamp }>("POST", "/session", { body, anonymous: true });
export const getSession = (signal?: AbortSignal) => call<t.SessionInfo>("GET", "/session", { signal, anonymous: true });
export const signOut = () => call<undefined>("DELETE", "/session");

// Account
export const changePassword = (body: { current: string; new: string }) =>
  call<undefined>("POST", "/account/password", { body, anonymous: true });
export const listSessions = () => call<t.Session[]>("GET", "/sessions");
export const endSession = (session: string) => call<undefined>("DELETE", `/sessions/${id(session)}`);
export const listTokens = () => call<t.Token[]>("GET", "/tokens");
export const createToken = (body: {
  name: string;
  role?: t.Role;
  expires_in_days?: number;
  deployments?: string[];
  devices?: string[];
}) => call<{ token: t.Token; secret: string }>("POST", "/tokens", { body });
export const revokeToken = (token: string) => call<undefined>("DELETE", `/tokens/${id(token)}`);
export const listUsers = () => call<t.User[]>("GET", "/users");
export const createUser = (body: { name: string; password: string; role: t.Role }) =>
  call<t.User>("POST", "/users", { body });
export const changeUser = (user: string, body: { role?: t.Role; password?: string }) =>
  call<t.User>("PATCH", `/users/${id(user)}`, { body });
export const listGrants = (user: string) => call<t.Grant[]>("GET", `/users/${id(user)}/grants`);
export const grant = (user: string, body: { role: t.Role; deployment?: string; device?: string }) =>
  call<t.Grant>("POST", `/users/${id(user)}/grants`, { body });
export const revokeGrant = (user: string, grant: string) =>
  call<undefined>("DELETE", `/users/${id(user)}/grants/${id(grant)}`);
export const deleteUser = (user: string) => call<undefined>("DELETE", `/users/${id(user)}`);

// Devices
export const listDevices = () => call<t.DeviceView[]>("GET", "/devices");
export const getDevice = (device: string) => call<t.DeviceView>("GET", `/devices/${id(device)}`);
export const changeDevice = (device: string, body: { development?: boolean }) =>
  call<t.DeviceView>("PATCH", `/devices/${id(device)}`, { body });
export const listScripts = (device: string) => call<t.ScriptsView>("GET", `/devices/${id(device)}/scripts`);
export const listPorts = (device: string) => call<t.ListeningPort[]>("GET", `/devices/${id(device)}/ports`);
export const listContainers = (device: string) => call<t.Container[]>("GET", `/devices/${id(device)}/containers`);
export const listVolumes = () => call<t.VolumeView[]>("GET", "/volumes");

// Catalog
export const listApplications = () => call<t.ApplicationSummary[]>("GET", "/applications");
export const getApplication = (slug: string) => call<t.ApplicationDetail>("GET", `/applications/${id(slug)}`);
export const planDeploy = (slug: string, body: t.DeployRequest, signal?: AbortSignal) =>
  call<t.Plan>("POST", `/applications/${id(slug)}/plan`, { body, signal });
export const deploy = (slug: string, body: t.DeployRequest, idempotencyKey: string) =>
  call<t.Accepted>("POST", `/applications/${id(slug)}/deploy`, { body, idempotencyKey });

// Deployments
export const listDeployments = () => call<t.DeploymentView[]>("GET", "/deployments");
export const getDeployment = (name: string) => call<t.DeploymentView>("GET", `/deployments/${id(name)}`);
export const actOn = (name: string, action: "start" | "stop" | "restart") =>
  call<t.Accepted>("POST", `/deployments/${id(name)}/${action}`, { body: {}, idempotencyKey: randomKey() });
export const removeDeployment = (name: string) =>
  call<t.Accepted>("DELETE", `/deployments/${id(name)}`, { idempotencyKey: randomKey() });
export const updateDeployment = (
  name: string,
  body: { settings?: t.SettingValues; ports?: t.PortChoices; expected_revision?: number; plan_hash?: string },
) => call<t.Accepted>("PATCH", `/deployments/${id(name)}`, { body, idempotencyKey: randomKey() });
export const planDeployment = (
  name: string,
  body: { action: t.PlanAction; settings?: t.SettingValues; ports?: t.PortChoices; revision?: number },
  signal?: AbortSignal,
) => call<t.Plan>("POST", `/deployments/${id(name)}/plan`, { body, signal });
export const rollBack = (name: string, body: { revision: number; plan_hash?: string }) =>
  call<t.Accepted>("POST", `/deployments/${id(name)}/rollback`, { body, idempotencyKey: randomKey() });
export const getConfig = (name: string) => call<t.DeploymentConfig>("GET", `/deployments/${id(name)}/config`);
export const revealSecret = (name: string, key: string) =>
  call<{ key: string; value: string }>("POST", `/deployments/${id(name)}/secrets/reveal`, { body: { key } });
export const listRevisions = (name: string) => call<t.RevisionView[]>("GET", `/deployments/${id(name)}/revisions`);
export const listFiles = (name: string) => call<t.DeploymentFile[]>("GET", `/deployments/${id(name)}/files`);

// Operations
export interface OperationFilter {
  deployment?: string;
  state?: string;
  kind?: string;
  limit?: number;
  before?: string;
  /** Only operations that are no part of another one. */
  whole?: boolean;
}
export const listOperations = (query: OperationFilter) =>
  call<t.Operation[]>("GET", "/operations", { query: { ...query } });
export const getOperation = (operation: string) => call<t.OperationDetail>("GET", `/operations/${id(operation)}`);
export const submitOperation = (body: Record<string, unknown>) =>
  call<t.Accepted>("POST", "/operations", { body, idempotencyKey: randomKey() });
export const planOperation = (body: Record<string, unknown>, signal?: AbortSignal) =>
  call<t.Plan>("POST", "/operations/plan", { body, signal });
export const cancelOperation = (operation: string) => call<t.Operation>("POST", `/operations/${id(operation)}/cancel`);
export const retryOperation = (operation: string) => call<t.Operation>("POST", `/operations/${id(operation)}/retry`);
export const verifyAudit = () => call<t.AuditVerdict>("GET", "/audit/verify");
export const listAudit = (query: {
  limit?: number;
  before?: number;
  actor?: string;
  action?: string;
  target?: string;
}) => call<t.AuditRow[]>("GET", "/audit", { query });

// Schedules
export const listSchedules = () => call<t.ScheduleView[]>("GET", "/schedules");
export const getSchedule = (schedule: string) => call<t.ScheduleView>("GET", `/schedules/${id(schedule)}`);
export const createSchedule = (body: t.ScheduleRequest) => call<t.ScheduleView>("POST", "/schedules", { body });
export const changeSchedule = (schedule: string, body: t.ScheduleChange) =>
  call<t.ScheduleView>("PUT", `/schedules/${id(schedule)}`, { body });
export const removeSchedule = (schedule: string) => call<undefined>("DELETE", `/schedules/${id(schedule)}`);
export const setSchedule = (schedule: string, to: "pause" | "resume") =>
  call<t.ScheduleView>("POST", `/schedules/${id(schedule)}/${to}`);
export const runSchedule = (schedule: string) =>
  call<t.Accepted>("POST", `/schedules/${id(schedule)}/run`, { idempotencyKey: randomKey() });
export const listRuns = (schedule: string, query: { limit?: number; before?: number }) =>
  call<t.RunView[]>("GET", `/schedules/${id(schedule)}/runs`, { query });
export const previewSchedule = (body: { cron: string; time_zone: string; count?: number }) =>
  call<t.SchedulePreview>("POST", "/schedules/preview", { body });
export const getCalendar = (query: { from: number; to: number; time_zone: string }) =>
  call<t.CalendarDay[]>("GET", "/schedules/calendar", { query });
