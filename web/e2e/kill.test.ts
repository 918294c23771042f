// A server that is killed at any moment: what it acknowledged is known afterwards, and comes to rest without remains.
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import type { DeploymentConfig, DeploymentView, Operation } from "../src/api/types.ts";
import { container, inVolumes, labelled, type Thing } from "./support/docker.ts";
import { web } from "./support/entries.ts";
import { page as answerOf } from "./support/http.ts";
import { skipped } from "./support/needs.ts";
import { freePort } from "./support/ports.ts";
import { Server } from "./support/server.ts";
import { stepsOf } from "./support/steps.ts";
import { until, WHOLE } from "./support/time.ts";

type Wish = "deploy" | "update" | "remove";

/** What is asked for in a round before the server is killed; begun again when all were had. */
const WISHES: Wish[][] = [
  ["deploy"],
  ["update"],
  ["remove"],
  ["deploy", "update"],
  ["deploy"],
  ["update"],
  ["deploy", "remove"],
  ["update"],
  ["deploy", "deploy"],
  ["remove"],
];
const ROUNDS = Number(process.env.STEWARD_KILLS ?? 30);
/** So much later than an operation takes, a server has nothing to do any more. */
const LATEST = 1.3;
const GOOD = ["succeeded", "rolled_back", "cancelled"];

/** The same numbers for the same seed (mulberry32). */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

interface Asked {
  id: string;
  /** Asks for the same again, with the same idempotency key. */
  again?: () => Promise<Operation>;
}

const IMAGE = "steward/web:1";

/** The hash of the photo in each of these volumes; one that has none gets one. */
async function photosIn(volumes: string[]): Promise<Map<string, string>> {
  const script = `cd /volumes && for v in *; do
    [ -e $v/photo ] || head -c 65536 /dev/urandom > $v/photo; sha256sum $v/photo; done`;
  const lines = (await inVolumes(volumes, IMAGE, ["/bin/busybox", "sh", "-c", script])).trim().split("\n");
  return new Map(lines.map((line) => [line.split(/[ /]+/)[1] ?? "", line.split(" ")[0] ?? ""]));
}

/** Command lines of running processes that hold both of these texts. */
function processes(...texts: string[]): string[] {
  const lines = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => {
      try {
        return `${pid} ${readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ")}`;
      } catch {
        // It has ended meanwhile.
        return "";
      }
    });
  return lines.filter((line) => texts.every((text) => line.includes(text)));
}

const skip = skipped({ browser: false });

test("a killed server leaves nothing half done", { skip, timeout: WHOLE * (1 + ROUNDS / 10) }, async (t) => {
  const seed = Number(process.env.STEWARD_SEED ?? Date.now() % 1_000_000);
  console.log(`seed: ${seed} (again with STEWARD_SEED=${seed})`);
  const random = numbers(seed);
  const server = await Server.open();
  t.after(() => server.close());
  await server.claim();
  const step = stepsOf(t);
  const asked: Asked[] = [];
  const ports = new Map<string, number>();
  const projects = join(server.data, "projects");
  let photos = new Map<string, string>();

  const deploy = async () => {
    const name = server.name(`kill-${ports.size}`);
    const port = await freePort();
    ports.set(name, port);
    const key = `key-${name}`;
    const body = { name, ports: { "80/tcp": port } };
    const path = "/applications/web/deploy";
    const { id } = await server.submit("POST", path, body, key);
    // An answer to a request that was known already is 200 or 202, by what became of it.
    const again = async () => ((await server.api("POST", path, body, key)).body as { operation: Operation }).operation;
    asked.push({ id, again });
  };
  const update = async (name: string) => {
    const settings = { title: `Title ${asked.length}` };
    asked.push(await server.submit("PATCH", `/deployments/${name}`, { settings }));
  };
  const remove = async (name: string) => {
    asked.push(await server.submit("DELETE", `/deployments/${name}`));
  };
  const ask = async (wish: Wish) => {
    // One that nothing was asked of in this round, as it would only wait its turn.
    const free = (await server.get<DeploymentView[]>("/deployments")).filter(({ busy, revision }) => !busy && revision);
    const one = free[Math.floor(random() * free.length)];
    if (wish === "deploy" || !one) await deploy();
    else if (wish === "update") await update(one.name);
    else await remove(one.name);
  };

  /** Every operation as it was acknowledged, each once and at rest. */
  const record = async (): Promise<Operation[]> => {
    const all = await server.allAtRest();
    const ids = (of: { id: string }[]) => of.map(({ id }) => id).sort();
    assert.deepEqual(ids(all), ids(asked), "what was acknowledged is known, each once");
    for (const { id, kind, target, state, error, left_over } of all) {
      const why = `${kind} ${target} (${id}) is ${state}: ${JSON.stringify(error)} ${left_over.join("; ")}`;
      assert.ok(GOOD.includes(state), why);
    }
    for (const { id, again } of asked) {
      if (again) assert.equal((await again()).id, id, "the same request again is the same operation");
    }
    return all;
  };

  /** Steward's list, the engine and the files tell the same story. */
  const agree = async (all: Operation[]) => {
    const good = all.filter(({ state }) => state === "succeeded");
    const done = (wanted: string) => good.filter(({ kind }) => kind === wanted).map(({ target }) => target);
    const removed = new Set(done("deployment.remove"));
    const expected = done("deployment.deploy").filter((name) => !removed.has(name));
    const apps = await server.get<DeploymentView[]>("/deployments");
    const listed = new Set(apps.map(({ name }) => name));
    assert.deepEqual([...listed].sort(), expected.sort(), "the list is what the operations made");

    // The data of what was removed stays.
    const kept = ({ kind, deployment }: Thing) => kind === "volume" && removed.has(deployment);
    const things = await labelled(ports.keys());
    const stray = things.filter((thing) => !listed.has(thing.deployment) && !kept(thing));
    assert.deepEqual(stray, [], "nothing on the engine belongs to an app that is not listed");

    const folders = existsSync(projects) ? readdirSync(projects) : [];
    const strange = folders.filter((folder) => !listed.has(folder.replace(/^steward-/, "")));
    const files = strange.flatMap((folder) => readdirSync(join(projects, folder)).map((file) => `${folder}/${file}`));
    assert.deepEqual(files, [], "no file is left of an app that is not listed");
    assert.deepEqual(processes(projects, "compose"), [], "no `docker compose` of this server is left");
  };

  /** Every app that is listed runs, with the settings that Steward says are in force. */
  const serve = async () => {
    for (const { name } of await server.get<DeploymentView[]>("/deployments")) {
      const url = `http://127.0.0.1:${ports.get(name)}`;
      await until(`${name} to answer`, async () => (await answerOf(url))?.status === 200);
      const { settings } = await server.get<DeploymentConfig>(`/deployments/${name}/config`);
      const { Config, State } = await container(name);
      assert.ok(State.Running, `${name} runs`);
      assert.ok(Config.Env.includes(`TITLE=${String(settings.title)}`), `${name}: ${Config.Env.join(" ")}`);
    }
  };

  /** Puts a photo into every new volume; the photos of all others are as they were, also those of apps that are gone. */
  const keep = async () => {
    const volumes = (await labelled(ports.keys())).filter(({ kind }) => kind === "volume").map(({ name }) => name);
    const found = await photosIn(volumes);
    for (const [volume, hash] of photos) assert.equal(found.get(volume), hash, `the photo in ${volume}`);
    photos = found;
  };

  let longest = 0;
  let ended: Operation[] = [];
  await step("two apps run", async () => {
    await server.entry("web", web({ image: IMAGE, port: await freePort() }));
    for (let count = 0; count < 2; count++) await deploy();
    const all = await record();
    await agree(all);
    await serve();
    await keep();
    longest = Math.max(...all.map(({ created_at, finished_at }) => (finished_at ?? created_at) - created_at));
    assert.equal((await server.get<DeploymentView[]>("/deployments")).length, 2);
  });

  for (let round = 0; round < ROUNDS; round++) {
    const wishes = WISHES[round % WISHES.length] ?? [];
    await step(`round ${round + 1}: killed during ${wishes.join(" and ")}`, async () => {
      for (const wish of wishes) await ask(wish);
      const moment = Math.floor(random() * longest * LATEST);
      await pause(moment);
      await server.kill();
      console.log(`round ${round + 1}: killed ${moment} ms after the last request was acknowledged`);
      await server.start();
      const all = await record();
      await agree(all);
      await serve();
      await keep();
      ended = all;
    });
  }

  await step("some were killed in the middle", async () => {
    const undone = ended.filter(({ state }) => state === "rolled_back");
    console.log(`${ended.length} operations, ${undone.length} of them undone after a kill`);
    // One kill in three strikes while something runs; that none of many does is no chance.
    assert.ok(ROUNDS < 20 || undone.length > 0, "no kill struck anything");
  });
});
