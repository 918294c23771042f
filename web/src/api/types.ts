// The one place where the wire types are named. Field names are the server's.

export type Timestamp = number;

export type Role = "viewer" | "operator" | "admin" | "owner";

export interface User {
  id: string;
  name: string;
  role: Role;
  created_at: Timestamp;
}

export interface SessionInfo {
  user: User;
  permissions: string[];
  via: "session" | "token";
}

export interface Health {
  status: "ok" | "degraded";
  version: string;
  claimed: boolean;
  database?: string;
  engine?: "ok" | "unavailable";
}

export interface Session {
  id: string;
  user_id: string;
  client: string;
  address: string;
  created_at: Timestamp;
  last_used_at: Timestamp;
  expires_at: Timestamp;
  current: boolean;
}

export interface Token {
  id: string;
  user_id: string;
  name: string;
  role: Role;
  created_at: Timestamp;
  expires_at: Timestamp | null;
  last_used_at: Timestamp | null;
}

export interface Refusal {
  code: string;
  message: string;
  field?: string;
  hint?: string;
}

export interface Facts {
  hostname: string;
  os: string;
  os_id: string;
  kernel: string;
  architecture: string;
  cpus: number;
  load_1m: number;
  memory_total: number;
  memory_available: number;
  disk_total: number;
  disk_available: number;
  uptime_seconds: number;
}

export interface EngineInfo {
  version: string;
  api_version: string;
  compose_version: string | null;
  architecture: string;
  data_root: string;
}

export type DeviceStatus = "online" | "degraded" | "offline";

export interface DeviceView {
  id: string;
  name: string;
  type: "server" | "nas" | "router" | "switch";
  address: string;
  created_at: Timestamp;
  status: DeviceStatus;
  facts: Facts | null;
  engine: EngineInfo | null;
  problem: { message: string; hint: string; commands: string[] } | null;
  observed_at: Timestamp | null;
  deployments: number;
}

export interface ListeningPort {
  port: number;
  protocol: "tcp" | "udp";
  owner: string | null;
}

export type ContainerState = "created" | "running" | "paused" | "restarting" | "removing" | "exited" | "dead";
export type ContainerHealth = "none" | "starting" | "healthy" | "unhealthy";

export interface Container {
  id: string;
  name: string;
  image: string;
  image_id: string;
  state: ContainerState;
  health: ContainerHealth;
  exit_code: number | null;
  restart_count: number;
  started_at: Timestamp | null;
  labels: Record<string, string>;
  ports: { internal: number; external: number; protocol: "tcp" | "udp" }[];
  volumes: string[];
}

export interface VolumeView {
  name: string;
  device_id: string;
  deployment: string | null;
  in_use: boolean;
  created: string | null;
}

export interface Resources {
  cpu: number;
  memory: number;
  storage: number;
}

export interface BrokenAt {
  file: string;
  line: number;
  column: number;
  message: string;
}

export interface ApplicationSummary {
  slug: string;
  title: string;
  description: string;
  category: string;
  website: string | null;
  icon: string | null;
  resources: Resources;
  images: string[];
  embedded: boolean;
  broken: BrokenAt[] | null;
  deployments: number;
  source: "builtin" | "local";
}

export interface PortSpec {
  internal: number;
  external: number | null;
  protocol: "tcp" | "udp";
  web: boolean;
}

export interface ContainerSpec {
  name: string;
  image: string;
  ports: PortSpec[];
  volumes: { name: string; path: string; read_only: boolean }[];
  depends_on: string[];
  user: string | null;
  memory_limit: number | null;
}

export interface Definition {
  title: string;
  description: string;
  category: string;
  website: string | null;
  containers: ContainerSpec[];
  resources: Resources;
  settings: { key: string }[];
  public_access: boolean;
  post_install: string | null;
}

/** A JSON Schema; `lib/schema.ts` reads it. */
export type JsonSchema = Record<string, unknown>;
export type SettingValue = string | number | boolean | null;
export type SettingValues = Record<string, SettingValue>;
export type PortChoices = Record<string, number>;

export interface ApplicationDetail extends ApplicationSummary {
  definition: Definition | null;
  settings_schema: JsonSchema | null;
  source_text: string;
}

export type OperationKind =
  | "deployment.deploy"
  | "deployment.start"
  | "deployment.stop"
  | "deployment.restart"
  | "deployment.update"
  | "deployment.rollback"
  | "deployment.remove"
  | "volume.delete";

export type OperationState =
  "queued" | "running" | "rolling_back" | "succeeded" | "rolled_back" | "needs_attention" | "cancelled";

export type StepState = "pending" | "running" | "done" | "failed" | "undoing" | "undone" | "undo_failed";

export interface StepRecord {
  ordinal: number;
  name: string;
  state: StepState;
  intent?: unknown;
  started_at: Timestamp | null;
  finished_at: Timestamp | null;
  undone_at: Timestamp | null;
  error: Refusal | null;
  undo_note: string | null;
}

export interface CommandRecord {
  step: number;
  undo: boolean;
  device: string;
  argv: string[];
  exit_code: number | null;
  duration_ms: number;
  output: string;
  started_at: Timestamp;
}

export interface Operation {
  id: string;
  kind: OperationKind;
  state: OperationState;
  target: string;
  deployment_id: string | null;
  device_id: string;
  actor: string;
  request: Record<string, unknown>;
  changed: boolean;
  created_at: Timestamp;
  started_at: Timestamp | null;
  finished_at: Timestamp | null;
  current_step: string | null;
  failed_step: string | null;
  error: Refusal | null;
  left_over: string[];
  waiting: { lock: string; held_by: string } | null;
  cancel_requested: boolean;
}

export type CheckStatus = "pass" | "warn" | "fail";

export interface Check {
  code: string;
  status: CheckStatus;
  message: string;
  fix?: { field: string; value: string };
  hint?: string;
}

export interface PlannedStep {
  name: string;
  does: string;
  undo: string;
}

export interface PlannedFile {
  path: string;
  content: string | null;
  diff: string;
}

export interface Plan {
  kind: OperationKind;
  target: string;
  device_id: string;
  device: string;
  summary: string;
  changed: boolean;
  checks: Check[];
  steps: PlannedStep[];
  files: PlannedFile[];
  commands: string[][];
  images: { reference: string; present: boolean; embedded: boolean }[];
  volumes: { name: string; exists: boolean }[];
  risks: string[];
  hash: string;
}

export interface OperationDetail extends Operation {
  plan: Plan;
  steps: StepRecord[];
  commands: CommandRecord[];
}

export interface Accepted {
  operation: Operation;
  unchanged: boolean;
}

export interface Progress {
  operation_id: string | null;
  deployment_id: string | null;
  step: string;
  message: string;
  done: number | null;
  total: number | null;
  bytes_done: number | null;
  bytes_total: number | null;
}

export type DeploymentState = "deploying" | "running" | "degraded" | "stopped" | "failed" | "unknown";

export interface ServiceView {
  name: string;
  image: string;
  state: ContainerState | null;
  health: ContainerHealth | null;
  restart_count: number;
  exit_code: number | null;
  started_at: Timestamp | null;
}

export interface DeploymentView {
  id: string;
  name: string;
  application: string;
  title: string;
  icon: string | null;
  device_id: string;
  device: string;
  state: DeploymentState;
  desired: "running" | "stopped";
  revision: number | null;
  services: ServiceView[];
  links: { title: string; url: string }[];
  busy: { operation_id: string; kind: OperationKind; step: string | null } | null;
  update_available: boolean;
  post_install: string | null;
  created_at: Timestamp;
  updated_at: Timestamp;
  observed_at: Timestamp | null;
}

export interface DeploymentConfig {
  settings: SettingValues;
  secrets_set: string[];
  ports: PortChoices;
  schema: JsonSchema;
  definition: Definition;
  revision: number;
}

export interface RevisionView {
  number: number;
  active: boolean;
  actor: string;
  operation_id: string;
  created_at: Timestamp;
  activated_at: Timestamp | null;
  settings: SettingValues;
  diff: string;
}

export interface DeploymentFile {
  path: string;
  content: string;
  secret: boolean;
}

export interface LogLine {
  at: Timestamp | null;
  service: string;
  stream: "stdout" | "stderr";
  text: string;
}

export interface AuditRow {
  sequence: number;
  at: Timestamp;
  actor: string;
  address: string;
  action: string;
  target: string;
  phase: "accepted" | "refused" | "outcome";
  operation_id: string | null;
  detail: unknown;
  hash: string;
}

export type PlanAction = "update" | "rollback" | "remove" | "start" | "stop" | "restart";

export interface DeployRequest {
  name?: string;
  device_id?: string;
  settings?: SettingValues;
  ports?: PortChoices;
  plan_hash?: string;
}

export interface Problem {
  title?: string;
  status?: number;
  detail?: string;
  code?: string;
  field?: string;
  hint?: string;
  operation_id?: string;
  errors?: Refusal[];
  plan?: Plan;
}
