// Steward as a container that is not root's, on the engine that it manages.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { DeploymentView, Health } from "../src/api/types.ts";
import { container, sweep } from "./support/docker.ts";
import { page } from "./support/http.ts";
import { good, ROOT, shell } from "./support/lab.ts";
import { PROGRAM, skipped, SOCKET } from "./support/needs.ts";
import { freePort } from "./support/ports.ts";
import { run } from "./support/program.ts";
import { OWNER } from "./support/server.ts";
import { stepsOf } from "./support/steps.ts";
import { until, WHOLE } from "./support/time.ts";

/** The user of the image. */
const NOBODY = "65532";
const FILE = join(ROOT, "packaging/container/compose.yaml");

interface Inspected {
  Id: string;
  Config: { User: string };
  HostConfig: { ReadonlyRootfs: boolean; CapDrop: string[] | null; CapAdd: string[] | null; Privileged: boolean };
  State: { Pid: number; StartedAt: string; Health: { Status: string } };
}

/** Steward's own stack, as its admin has it, and the command line beside it. */
class Stack {
  readonly folder = mkdtempSync(join(tmpdir(), "steward-e2e-"));
  readonly project = `steward-e2e-${process.pid}`;
  readonly tags = ["one", "two"].map((tag) => `steward:${tag}-${process.pid}`);
  readonly url: string;
  private readonly port: number;

  constructor(port: number) {
    this.port = port;
    this.url = `http://127.0.0.1:${port}`;
  }

  /** A program that was built without optimisation has its catalog beside its source, which is not in the image. */
  private override(): string {
    const file = join(this.folder, "override.json");
    const mount = `${join(ROOT, "catalog/hello")}:/var/lib/steward/catalog/hello:ro`;
    writeFileSync(file, JSON.stringify({ services: { steward: { volumes: [mount] } } }));
    return file;
  }

  compose(words: string[], image = this.tags[0], input = ""): Promise<string> {
    const environment = {
      STEWARD_IMAGE: image,
      STEWARD_LISTEN: `127.0.0.1:${this.port}`,
      DOCKER_GID: String(statSync(SOCKET).gid),
      DOCKER_SOCKET: SOCKET,
    };
    const files = ["--project-name", this.project, "--file", FILE, "--file", this.override()];
    return good(["docker", "compose", ...files, ...words], input, environment);
  }

  async inspect(): Promise<Inspected> {
    const id = await this.compose(["ps", "--quiet", "steward"]);
    const [found] = JSON.parse(await good(["docker", "inspect", id])) as Inspected[];
    assert.ok(found);
    return found;
  }

  /** The command line on this machine, that has to succeed. */
  async steward(words: string[], input = ""): Promise<string> {
    const { code, out, err } = await run([...words, "--url", this.url], join(this.folder, "config"), input);
    assert.equal(code, 0, `steward ${words.join(" ")}: ${err}\n${await this.log()}`);
    return out;
  }

  log(): Promise<string> {
    return this.compose(["logs", "--no-log-prefix", "steward"]);
  }

  async seen(app: string): Promise<DeploymentView> {
    return until(`${app} to be seen`, async () => {
      const all = JSON.parse(await this.steward(["apps", "list", "--json"])) as DeploymentView[];
      return all.find(({ name, state }) => name === app && state === "running");
    });
  }

  async close(): Promise<void> {
    await this.compose(["down", "--volumes", "--timeout", "10"]);
    await shell(["docker", "image", "rm", "--force", ...this.tags]);
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** The processes of the container, as the kernel of this machine sees them: what they may do. */
async function processes(id: string): Promise<Record<string, string>[]> {
  const top = await good(["docker", "top", id, "-eo", "pid,args"]);
  const pids = top
    .split("\n")
    .slice(1)
    .map((line) => line.trim().split(/\s+/)[0] ?? "");
  return pids.map((pid) => {
    const lines = readFileSync(`/proc/${pid}/status`, "utf8").trimEnd().split("\n");
    return Object.fromEntries(lines.map((line) => line.split(/:\s*/, 2) as [string, string]));
  });
}

/** P8, C11: in a container of its own, not root's, and its apps do not notice when it is replaced. */
test("Steward as a container", { skip: skipped({ browser: false }), timeout: WHOLE }, async (t) => {
  const stack = new Stack(await freePort());
  const app = `boxed-${process.pid}`;
  const port = await freePort();
  t.after(async () => {
    await stack.close();
    assert.deepEqual(await sweep([app]), [], "left on the engine after everything was removed");
  });
  const step = stepsOf(t);
  const answers = async () => (await page(`http://127.0.0.1:${port}/`))?.status;

  await step("the image is made, loaded, and healthy", async () => {
    const archive = join(stack.folder, "image.tar");
    for (const tag of stack.tags) {
      await good([join(ROOT, "scripts/image"), "--program", PROGRAM, "--tag", tag, archive]);
      await good(["docker", "load", "--input", archive]);
    }
    await stack.compose(["up", "--detach", "--wait"]);
    assert.equal((await stack.inspect()).State.Health.Status, "healthy");
  });

  await step("it is nobody, and can write nothing but its data", async () => {
    const { Id, Config, HostConfig } = await stack.inspect();
    assert.equal(Config.User, `${NOBODY}:${NOBODY}`);
    assert.deepEqual(HostConfig.CapDrop, ["ALL"]);
    assert.ok(HostConfig.ReadonlyRootfs && !HostConfig.Privileged && !HostConfig.CapAdd);
    const all = await processes(Id);
    assert.ok(all.some(({ Name }) => Name === "steward"));
    for (const { Name, Uid, CapEff, CapBnd, NoNewPrivs } of all) {
      assert.deepEqual(Uid?.split(/\s+/), Array(4).fill(NOBODY), Name);
      assert.match(`${CapEff}${CapBnd}`, /^0+$/, Name);
      assert.equal(NoNewPrivs, "1", Name);
    }
    const mounts = readFileSync(`/proc/${all[0]?.Pid}/mountinfo`, "utf8")
      .split("\n")
      .map((line) => line.split(" "));
    const mount = (target: string) => mounts.find((words) => words[4] === target)?.[5]?.split(",")[0];
    assert.equal(mount("/"), "ro");
    assert.equal(mount("/var/lib/steward"), "rw");
  });

  await step("it is claimed by the code in its log, and sees this machine", async () => {
    const link = await until("the set-up link", async () => /^setup: (\S+)$/m.exec(await stack.log())?.[1]);
    const options = ["--url", link, "--user", OWNER.name, "--password-stdin"];
    const { code, err } = await run(["setup", ...options], join(stack.folder, "config"), OWNER.password);
    assert.equal(code, 0, err);
    await until("the engine to be seen", async () => {
      const status = JSON.parse(await stack.steward(["status", "--json"])) as { health: Health };
      return status.health.engine === "ok";
    });
    // The command line in the image works as well, and keeps its sign-in with the data.
    const inside = (words: string[], input = "") =>
      stack.compose(["exec", "-T", "steward", "steward", ...words, "--url", stack.url], stack.tags[0], input);
    await inside(["login", "--user", OWNER.name, "--password-stdin"], OWNER.password);
    assert.match(await inside(["whoami"]), new RegExp(OWNER.name));
    // The machine's own ports, and not those of a container: what is free is said of the machine.
    const ports = JSON.parse(await stack.steward(["devices", "ports", "--json"])) as { port: number }[];
    assert.ok(ports.some((one) => stack.url.endsWith(`:${one.port}`)));
  });

  await step("it deploys, and restarts", async () => {
    await stack.steward(["deploy", "hello", "--name", app, "--port", `8080/tcp=${port}`, "--yes"]);
    assert.equal(await answers(), 200);
    const before = await stack.inspect();
    await stack.steward(["self", "restart", "--yes"]);
    assert.deepEqual((await stack.inspect()).State.StartedAt, before.State.StartedAt, "within the same container");
    const first = await container(app);
    await stack.steward(["apps", "restart", app, "--yes"]);
    assert.notEqual((await container(app)).State.StartedAt, first.State.StartedAt);
    await stack.seen(app);
  });

  await step("replaced by another image, it goes on where it was, and the app was not touched", async () => {
    const before = await stack.inspect();
    const hello = await container(app);
    await stack.compose(["up", "--detach", "--wait"], stack.tags[1]);
    const after = await stack.inspect();
    assert.notEqual(after.Id, before.Id);
    await stack.seen(app);
    assert.equal(await answers(), 200);
    const { Id, State } = await container(app);
    assert.deepEqual([Id, State.StartedAt], [hello.Id, hello.State.StartedAt]);
    await stack.steward(["audit", "verify"]);
  });

  await step("killed, it comes back by itself", async () => {
    const before = await stack.inspect();
    process.kill(before.State.Pid, "SIGKILL");
    await until("another process", async () => (await stack.inspect()).State.StartedAt !== before.State.StartedAt);
    await stack.seen(app);
  });

  await step("it removes what it deployed", async () => {
    await stack.steward(["apps", "remove", app, "--delete-data", "--confirm", app]);
    assert.equal(await answers(), undefined);
  });

  await step("without the socket's group it says so, and serves", async () => {
    await stack.compose(["stop"]);
    const image = stack.tags[1] ?? "";
    const alone = [
      "--network",
      "none",
      "--volume",
      `${SOCKET}:/var/run/docker.sock`,
      "--env",
      "STEWARD_DATA_DIR=/tmp/data",
    ];
    const id = await good(["docker", "run", "--detach", "--tmpfs", "/tmp", ...alone, image]);
    try {
      await until("it to say what is missing", async () => {
        const { out, err } = await shell(["docker", "logs", id]);
        return (out + err).includes("must be in the group `docker`");
      });
      assert.equal((await shell(["docker", "exec", id, "/usr/bin/steward", "health"])).code, 0);
    } finally {
      await good(["docker", "rm", "--force", "--volumes", id]);
    }
  });
});
