// What is really on the engine, asked past Steward.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { SOCKET } from "./needs.ts";
import { ask } from "./http.ts";

const LABEL = "io.steward.deployment";

/** Something on the engine that carries the label of a deployment. */
export interface Thing {
  kind: "container" | "network" | "volume";
  id: string;
  name: string;
  deployment: string;
}

interface Listed {
  Id?: string;
  Name?: string;
  Names?: string[];
  Labels: Record<string, string> | null;
}

export interface Inspected {
  Id: string;
  State: { Running: boolean; StartedAt: string };
  Config: { Env: string[]; Image: string };
}

async function engine(path: string, method = "GET"): Promise<unknown> {
  const { status, text } = await ask(`http://docker${path}`, { method, socketPath: SOCKET });
  assert.ok(status < 300, `${method} ${path}: ${status} ${text}`);
  return text === "" ? null : JSON.parse(text);
}

const filters = encodeURIComponent(JSON.stringify({ label: [LABEL] }));

function thing(kind: Thing["kind"], { Id, Name, Names, Labels }: Listed): Thing {
  const name = Name ?? Names?.[0]?.slice(1) ?? "";
  return { kind, id: Id ?? name, name, deployment: Labels?.[LABEL] ?? "" };
}

/** Everything that carries the label of one of these deployments. */
export async function labelled(deployments: Iterable<string>): Promise<Thing[]> {
  const wanted = new Set(deployments);
  const containers = (await engine(`/containers/json?all=true&filters=${filters}`)) as Listed[];
  const networks = (await engine(`/networks?filters=${filters}`)) as Listed[];
  const volumes = (await engine(`/volumes?filters=${filters}`)) as { Volumes: Listed[] | null };
  return [
    ...containers.map((one) => thing("container", one)),
    ...networks.map((one) => thing("network", one)),
    ...(volumes.Volumes ?? []).map((one) => thing("volume", one)),
  ].filter(({ deployment }) => wanted.has(deployment));
}

/** As text, for messages and comparisons. */
export const named = (things: Thing[]): string[] => things.map(({ kind, name }) => `${kind} ${name}`).sort();

/** The one container of a deployment. */
export async function container(deployment: string): Promise<Inspected> {
  const found = (await labelled([deployment])).filter(({ kind }) => kind === "container");
  assert.equal(found.length, 1, `${deployment} has one container: ${named(found).join(", ")}`);
  return (await engine(`/containers/${found[0]?.id}/json`)) as Inspected;
}

/** Runs a command in a container that sees these volumes below /volumes, under their names; gives what it printed. */
export async function inVolumes(volumes: string[], image: string, argv: string[]): Promise<string> {
  const mounts = volumes.flatMap((volume) => ["--volume", `${volume}:/volumes/${volume}`]);
  const env = { ...process.env, DOCKER_HOST: `unix://${SOCKET}` };
  const words = ["run", "--rm", "--network", "none", ...mounts, image, ...argv];
  return (await promisify(execFile)("docker", words, { env })).stdout;
}

/** Removes what is left of these deployments, whoever left it; says what that was. */
export async function sweep(deployments: Iterable<string>): Promise<string[]> {
  const left = await labelled(deployments);
  const paths = { container: "/containers", network: "/networks", volume: "/volumes" };
  // Containers come first: they hold the others.
  for (const { kind, id } of left) {
    await engine(`${paths[kind]}/${id}${kind === "network" ? "" : "?force=true"}`, "DELETE");
  }
  return named(left);
}
