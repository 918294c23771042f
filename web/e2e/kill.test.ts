// A server that is killed at any moment: what it acknowledged is known afterwards, and comes to rest without remains.
import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import type { DeploymentConfig, DeploymentFile, DeploymentView, Operation } from "../src/api/types.ts";
import { Clockwork, isScheduled } from "./support/clockwork.ts";
import { container, labelled, type Thing } from "./support/docker.ts";
import { web } from "./support/entries.ts";
import { page as answerOf } from "./support/http.ts";
import { skipped } from "./support/needs.ts";
import { photosIn } from "./support/photos.ts";
import { freePort } from "./support/ports.ts";
import { median, numbers } from "./support/random.ts";
import { database, files, processes } from "./support/remains.ts";
import { isAtRest, Server } from "./support/server.ts";
import { stepsOf } from "./support/steps.ts";
import { until, WHOLE } from "./support/time.ts";

/** `update` is other settings, `upgrade` another image, `erase` deletes the data of an app that was removed. */
type Wish = "deploy" | "update" | "upgrade" | "remove" | "erase" | "schedule";

/** What is asked for in a round before the server is killed; begun again when all were had. */
const WISHES: Wish[][] = [
  ["deploy"],
  ["update"],
  ["remove"],
  ["deploy", "update"],
  ["upgrade"],
  ["erase"],
  ["deploy", "remove"],
  ["schedule"],
  ["schedule", "update"],
  ["schedule", "remove"],
];
const ROUNDS = Number(process.env.STEWARD_KILLS ?? 30);
/** So much later than an operation takes, a server has nothing to do any more. */
const LATEST = 1.2;
const GOOD = ["succeeded", "rolled_back", "cancelled"];
const IMAGES = ["steward/web:1", "steward/web:2"] as const;

interface Asked {
  id: string;
  /** Asks for the same again, with the same idempotency key. */
  again?: () => Promise<Operation>;
}

/** How an operation is counted: by what was done, or as one of a schedule. */
const kindOf = (operation: Operation): string => (isScheduled(operation) ? "schedule" : operation.kind);
const took = ({ created_at, finished_at }: Operation): number => (finished_at ?? created_at) - created_at;

const skip = skipped({ browser: false });

/**
 * P2, P11, M7, R39 to R41, promises 1, 2, 4, 6, 7, 10 and 15, with the real program on a real engine. `STEWARD_KILLS` is how
 * often it is killed, `STEWARD_SEED` what happens when.
 */
test("a killed server leaves nothing half done", { skip, timeout: WHOLE * (1 + ROUNDS / 10) }, async (t) => {
  const seed = Number(process.env.STEWARD_SEED ?? Date.now() % 1_000_000);
  console.log(`seed: ${seed} (again with STEWARD_SEED=${seed})`);
  const random = numbers(seed);
  const one = <T>(of: T[]): T | undefined => of[Math.floor(random() * of.length)];
  const server = await Server.open();
  t.after(() => server.close());
  await server.claim();
  const step = stepsOf(t);
  const asked: Asked[] = [];
  const ports = new Map<string, number>();
  const clock = server.name("kill-clock");
  const projects = join(server.data, "projects");
  /** What is in the data folder besides what belongs to apps. */
  let furniture: string[] = [];
  let photos = new Map<string, string>();
  let clockwork: Clockwork | undefined;

  const deploy = async (name = server.name(`kill-${ports.size}`)) => {
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
  /** The image that Steward's own file says is in force. */
  const imageOf = async (name: string) => {
    const shown = await server.get<DeploymentFile[]>(`/deployments/${name}/files`);
    return shown.map(({ content }) => /image: "?([^"\s]+)/.exec(content)?.[1]).find((image) => image !== undefined);
  };
  const upgrade = async (name: string) => {
    const image = (await imageOf(name)) === IMAGES[0] ? IMAGES[1] : IMAGES[0];
    await server.entry("web", web({ image, port: ports.get(name) ?? 0 }));
    asked.push(await server.submit("PATCH", `/deployments/${name}`, {}));
  };
  const erase = async (volume: string, device_id: string) => {
    asked.push(
      await server.submit("POST", "/operations", { kind: "volume.delete", device_id, volume, confirm: volume }),
    );
  };
  /** Waits until a schedule asks for something, however soon that is. */
  const due = async () => {
    const newest = async () => (await server.get<Operation[]>("/operations?limit=20")).filter(isScheduled);
    const known = new Set((await newest()).map(({ id }) => id));
    const deadline = Date.now() + 90_000;
    while (!(await newest()).some((operation) => !known.has(operation.id))) {
      assert.ok(Date.now() < deadline, "nothing was due");
      await pause(10);
    }
  };
  const ask = async (wish: Wish) => {
    if (wish === "schedule") return due();
    if (wish === "deploy") return deploy();
    // One that nothing was asked of in this round, as it would only wait its turn.
    const apps = await server.get<DeploymentView[]>("/deployments");
    const app = one(apps.filter(({ busy, revision, name }) => !busy && revision && name !== clock));
    if (wish === "erase") {
      const names = new Set(apps.map(({ name }) => name));
      const left = (await labelled(ports.keys())).filter(
        ({ kind, deployment }) => kind === "volume" && !names.has(deployment),
      );
      const volume = one(left);
      if (volume) return erase(volume.name, apps[0]?.device_id ?? "");
    }
    if (!app) return deploy();
    if (wish === "update") return update(app.name);
    if (wish === "upgrade") return upgrade(app.name);
    asked.push(await server.submit("DELETE", `/deployments/${app.name}`));
  };

  /** Every operation as it was acknowledged, each once and at rest. */
  const record = async (): Promise<Operation[]> => {
    const before = Date.now();
    const all = await server.allAtRest();
    const ids = (of: { id: string }[]) => of.map(({ id }) => id).sort();
    const ours = all.filter((operation) => !isScheduled(operation));
    assert.deepEqual(ids(ours), ids(asked), "what was acknowledged is known, each once");
    for (const { id, kind, target, state, error, left_over } of all) {
      const why = `${kind} ${target} (${id}) is ${state}: ${JSON.stringify(error)} ${left_over.join("; ")}`;
      assert.ok(GOOD.includes(state), why);
    }
    for (const { id, again } of asked.slice(-4)) {
      if (again) assert.equal((await again()).id, id, "the same request again is the same operation");
    }
    await clockwork?.agree(all, before);
    const { broken, held } = database(server.data);
    assert.deepEqual([broken, held], [[], []], "the database is whole, and no lock is held by what has ended");
    return all;
  };

  const done = (all: Operation[], wanted: string): Set<string> => {
    const good = all.filter(({ state, kind }) => state === "succeeded" && kind === wanted);
    return new Set(good.map(({ target }) => target));
  };

  /** Steward's list, the engine and the files tell the same story. */
  const agree = async (all: Operation[]) => {
    const [deployed, removed] = [done(all, "deployment.deploy"), done(all, "deployment.remove")];
    const apps = await server.get<DeploymentView[]>("/deployments");
    const listed = new Set(apps.map(({ name }) => name));
    const expected = new Set([...deployed].filter((name) => !removed.has(name)));
    assert.deepEqual(listed, expected, "the list is what the operations made");

    // The data of what was removed stays.
    const kept = ({ kind, deployment }: Thing) => kind === "volume" && removed.has(deployment);
    const things = await labelled(ports.keys());
    const stray = things.filter((thing) => !listed.has(thing.deployment) && !kept(thing));
    assert.deepEqual(stray, [], "nothing on the engine belongs to an app that is not listed");

    const folders = existsSync(projects) ? readdirSync(projects) : [];
    const strange = folders.filter((folder) => !listed.has(folder.replace(/^steward-/, "")));
    const left = strange.flatMap((folder) => files(join(projects, folder)));
    assert.deepEqual(left, [], "no file is left of an app that is not listed");
    const more = files(server.data, "projects", "catalog").filter((file) => !furniture.includes(file));
    assert.ok(furniture.length === 0 || more.length === 0, `files that were not there before: ${more.join(", ")}`);
    // What is due runs meanwhile, on the app that is there for it.
    const running = processes(server.data).filter((line) => !line.includes(" serve ") && !line.includes(clock));
    assert.deepEqual(running, [], "no process of this server is left");
  };

  /** Whether an app runs as Steward says it does. */
  const runs = async (name: string): Promise<string | undefined> => {
    if ((await answerOf(`http://127.0.0.1:${ports.get(name)}`))?.status !== 200) return "it does not answer";
    const { settings } = await server.get<DeploymentConfig>(`/deployments/${name}/config`);
    const { Config, State } = await container(name);
    if (!State.Running) return "it does not run";
    if (!Config.Env.includes(`TITLE=${String(settings.title)}`)) return `its settings are ${Config.Env.join(" ")}`;
    const image = await imageOf(name);
    return Config.Image === image ? undefined : `its image is ${Config.Image}, not ${image}`;
  };
  const serve = async () => {
    for (const { name } of await server.get<DeploymentView[]>("/deployments")) {
      await until(
        `${name} to answer`,
        async () => (await answerOf(`http://127.0.0.1:${ports.get(name)}`))?.status === 200,
      );
      // A schedule may change this one at any moment.
      if (name === clock)
        await until(`${name} to be as it should`, async () => (await runs(name).catch(String)) === undefined);
      else assert.equal(await runs(name), undefined, name);
    }
  };

  /** Puts a photo into every new volume; all others are as they were but those that were to be deleted, which are gone. */
  const keep = async (all: Operation[]) => {
    const volumes = (await labelled(ports.keys())).filter(({ kind }) => kind === "volume").map(({ name }) => name);
    const erased = done(all, "volume.delete");
    const found = await photosIn(volumes, IMAGES[0]);
    for (const [volume, hash] of photos) {
      assert.equal(found.get(volume), erased.has(volume) ? undefined : hash, `the photo in ${volume}`);
    }
    photos = found;
  };

  /** How long operations of a kind took that no kill struck. */
  const durations = new Map<string, number[]>();
  const struck = new Map<string, number>();
  const seen = new Set<string>();
  const count = (all: Operation[], killed: number) => {
    for (const operation of all.filter(({ id }) => !seen.has(id))) {
      // One that began after the kill may still be under way.
      if (!isAtRest(operation)) continue;
      seen.add(operation.id);
      const kind = kindOf(operation);
      const { created_at, finished_at, state } = operation;
      if (created_at <= killed && (finished_at ?? 0) > killed) struck.set(kind, (struck.get(kind) ?? 0) + 1);
      else if (state === "succeeded") durations.set(kind, [...(durations.get(kind) ?? []), took(operation)]);
    }
  };
  const KINDS: Record<Wish, string> = {
    deploy: "deployment.deploy",
    update: "deployment.update",
    upgrade: "deployment.update",
    remove: "deployment.remove",
    erase: "volume.delete",
    schedule: "schedule",
  };
  const usual = (wish: Wish) => median((durations.get(KINDS[wish]) ?? []).slice(-9), 600);

  await step("three apps run, and schedules that touch one of them", async () => {
    await server.entry("web", web({ image: IMAGES[0], port: await freePort() }));
    for (const name of [clock, undefined, undefined]) await deploy(name);
    const all = await record();
    await agree(all);
    await serve();
    await keep(all);
    count(all, 0);
    const apps = await server.get<DeploymentView[]>("/deployments");
    assert.equal(apps.length, 3);
    furniture = files(server.data, "projects", "catalog");
    clockwork = await Clockwork.wound(server, apps.find(({ name }) => name === clock)?.id ?? "");
  });

  for (let round = 0; round < ROUNDS; round++) {
    const wishes = WISHES[round % WISHES.length] ?? [];
    await step(`round ${round + 1}: killed during ${wishes.join(" and ")}`, async () => {
      for (const wish of wishes) await ask(wish);
      const moment = Math.floor(random() * usual(one(wishes) ?? "deploy") * LATEST);
      await pause(moment);
      const killed = Date.now();
      await server.kill();
      console.log(`round ${round + 1}: killed ${moment} ms after the last request was acknowledged`);
      await server.start();
      const all = await record();
      await agree(all);
      await serve();
      await keep(all);
      count(all, killed);
    });
  }

  await step("every due time was decided once, and the audit has every operation", async () => {
    const decided = await clockwork?.stop();
    const all = await record();
    for (const { id, again } of asked) if (again) assert.equal((await again()).id, id);
    await server.good(["audit", "verify"]);
    const rows = (await server.good(["audit", "export"])).trim().split("\n");
    const about = rows.map((line) => JSON.parse(line) as { operation_id?: string | null; phase: string });
    for (const phase of ["accepted", "outcome"]) {
      const ids = about.filter((row) => row.phase === phase && row.operation_id).map((row) => row.operation_id);
      assert.deepEqual(ids.sort(), all.map(({ id }) => id).sort(), `one row "${phase}" for each operation`);
    }
    const undone = all.filter(({ state }) => state === "rolled_back").length;
    console.log(`${all.length} operations, ${decided} of due times; ${undone} undone after a kill`);
  });

  await step("operations of every kind were killed in the middle", () => {
    console.log(`struck: ${[...struck].map(([kind, times]) => `${times} ${kind}`).join(", ")}`);
    const missing = Object.values(KINDS).filter((kind) => kind !== KINDS.erase && !struck.has(kind));
    // With so many kills of each kind, none that strikes is no chance.
    assert.ok(ROUNDS < 20 || missing.length === 0, `no kill struck ${missing.join(", ")}`);
    return Promise.resolve();
  });
});
