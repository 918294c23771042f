// The names by which the pages know the types of the API. They are generated from its description.
import type { components } from "./schema";

type Schemas = components["schemas"];

export type Accepted = Schemas["Accepted"];
export type ApplicationDetail = Schemas["ApplicationDetail"];
export type ApplicationSummary = Schemas["ApplicationSummary"];
export type AuditRow = Schemas["AuditRow"];
export type AuditVerdict = Schemas["AuditVerdict"];
export type BulkAction = Schemas["BulkAction"];
export type BrokenAt = Schemas["Broken"];
export type Check = Schemas["Check"];
export type CheckStatus = Schemas["CheckStatus"];
export type CommandRecord = Schemas["CommandRecord"];
export type Container = Schemas["Container"];
export type ContainerHealth = Schemas["ContainerHealth"];
export type ContainerSpec = Schemas["ContainerSpec"];
export type ContainerState = Schemas["ContainerState"];
export type Definition = Schemas["Definition"];
export type DeploymentConfig = Schemas["ConfigView"];
export type DeploymentFile = Schemas["FileView"];
export type DeploymentState = Schemas["DeploymentState"];
export type DeploymentView = Schemas["DeploymentView"];
export type DeployRequest = Schemas["DeployRequest"];
export type DeviceStatus = Schemas["DeviceStatus"];
export type DeviceView = Schemas["DeviceView"];
export type EngineInfo = Schemas["EngineInfo"];
export type Facts = Schemas["Facts"];
export type Health = Schemas["Health"];
export type ListeningPort = Schemas["ListeningPort"];
export type LogLine = Schemas["LogLine"];
export type Operation = Schemas["Operation"];
export type OperationDetail = Schemas["OperationDetail"];
export type OperationKind = Schemas["Kind"];
export type OperationState = Schemas["State"];
export type Plan = Schemas["Plan"];
export type PlanAction = Schemas["PlanAction"];
export type PlannedFile = Schemas["PlannedFile"];
export type PlannedStep = Schemas["PlannedStep"];
export type PlannedTarget = Schemas["PlannedTarget"];
export type PortSpec = Schemas["PortSpec"];
/** A refusal; also what the pages themselves say when the server does not answer. */
export type Problem = Partial<Omit<Schemas["Problem"], "code">> & { code?: string };
export type Progress = Schemas["Progress"];
export type Refusal = Schemas["Refusal"];
export type Resources = Schemas["Resources"];
export type RevisionView = Schemas["RevisionView"];
export type Role = Schemas["Role"];
export type ServiceView = Schemas["ServiceView"];
export type Session = Schemas["OwnSession"];
export type SessionInfo = Schemas["CurrentSession"];
export type StepRecord = Schemas["StepRecord"];
export type StepState = Schemas["StepState"];
export type TargetResult = Schemas["TargetResult"];
export type Timestamp = Schemas["Timestamp"];
export type Token = Schemas["Token"];
export type User = Schemas["User"];
export type VolumeView = Schemas["VolumeView"];

/** A JSON Schema; `lib/schema.ts` reads it. */
export type JsonSchema = Record<string, unknown>;
export type SettingValue = Schemas["SettingValue"];
export type SettingValues = Record<string, SettingValue>;
export type PortChoices = Record<string, number>;
