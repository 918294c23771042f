// A Steward with a data folder of its own.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { get } from "node:http";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { needImage, sweep } from "./docker.mjs";
import { IMAGE, web } from "./entries.mjs";
import { end, hasEnded, run, start } from "./run.mjs";
import { pause, stopped, until } from "./stop.mjs";

const HEALTH = "/api/v1/system/health";

/** A port that nobody listens on. */
export function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer().once("error", reject);
    server.listen(0, "0.0.0.0", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

export class Server {
  /** Compose projects that are removed at the end, whoever made them. */
  projects = new Set();
  #program;
  #config;
  #running;
  #said = { out: "", err: "" };

  /** One that runs, with an account that is signed in, and the image of what is deployed. */
  static async claimed(bench) {
    await needImage(bench, IMAGE);
    const server = new Server(bench, await freePort());
    await server.start();
    await server.claim();
    return server;
  }

  /** One that runs a web server already. */
  static async used(bench) {
    const server = await Server.claimed(bench);
    await server.entry("web", web(await freePort()));
    await server.deploy("web", `bench-${process.pid}`);
    return server;
  }

  constructor({ steward, cleanup }, port) {
    this.port = port;
    this.url = `http://127.0.0.1:${port}`;
    this.folder = mkdtempSync(join(tmpdir(), "steward-bench-"));
    this.data = join(this.folder, "data");
    this.#program = steward;
    this.#config = join(this.folder, "config");
    // Done in reverse: a server that still runs would go on with what it was told to do.
    cleanup.add(`removing ${this.folder}`, () => rmSync(this.folder, { recursive: true, force: true }));
    cleanup.add("removing what was deployed", async () => {
      const sweeps = [...this.projects].map((project) => sweep(project, { always: true }));
      const failed = (await Promise.allSettled(sweeps)).find(({ status }) => status === "rejected");
      if (failed) throw failed.reason;
    });
    cleanup.add("stopping the server", () => this.stop());
  }

  get pid() {
    return this.#running.child.pid;
  }

  /** Starts it and gives the milliseconds until its first answer. */
  async start() {
    const startedAt = performance.now();
    const args = ["serve", "--listen", `127.0.0.1:${this.port}`, "--data-dir", this.data];
    this.#running = start(this.#program, args);
    const { stdout, stderr } = this.#running.child;
    this.#said = { out: "", err: "" };
    const said = this.#said;
    stdout.setEncoding("utf8").on("data", (text) => (said.out += text));
    stderr.setEncoding("utf8").on("data", (text) => (said.err = (said.err + text).slice(-4000)));
    for (;;) {
      const answeredAt = await answer(this.port);
      if (answeredAt) return answeredAt - startedAt;
      if (hasEnded(this.#running)) throw new Error(`the server ended: ${said.err.trim()}`);
      if (performance.now() - startedAt > 60_000) throw new Error("the server did not answer within 60 s");
      await pause(1);
    }
  }

  async stop() {
    if (this.#running) await end(this.#running);
  }

  /** Makes the first account, signs in and waits for the engine. */
  async claim() {
    const line = await until("the line for the set-up", () => /^setup: (.+)$/m.exec(this.#said.out));
    await this.cli(["setup", "--url", line[1], "--user", "bench", "--password-stdin"], { input: "tall brown dog" });
    this.token = JSON.parse(readFileSync(join(this.#config, "sign-in.json"), "utf8")).token;
    await until("the engine", async () => (await this.#api("/system/health")).engine === "ok");
  }

  /** Does something while the server stands still, as if it were not there. */
  async without(work) {
    this.#running.child.kill("SIGSTOP");
    try {
      return await work();
    } finally {
      this.#running.child.kill("SIGCONT");
    }
  }

  /** The command line, signed in here. */
  cli(args, options) {
    return run(this.#program, args, { ...options, env: { STEWARD_CONFIG_DIR: this.#config } });
  }

  /** Puts an entry into the catalog and waits until the server has read it. */
  async entry(slug, text) {
    const folder = join(this.data, "catalog", slug);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "service.hcl"), text);
    const find = async () => (await this.#api("/applications")).find((application) => application.slug === slug);
    const { broken } = await until(`${slug} in the catalog`, find);
    if (broken?.length) throw new Error(`the catalog entry ${slug} is broken: ${JSON.stringify(broken)}`);
  }

  /** Deploys and waits to the end, as a person does; gives the wall time of the command. */
  async deploy(slug, name) {
    this.projects.add(`steward-${name}`);
    return (await this.cli(["deploy", slug, "--name", name, "--yes"])).ms;
  }

  /** Removes an app; its data goes too, so that the next deployment has to make everything. */
  async remove(name) {
    await this.cli(["apps", "remove", name, "--yes"]);
    await sweep(`steward-${name}`);
  }

  async #api(path) {
    const headers = { authorization: `Bearer ${this.token}` };
    const response = await fetch(`${this.url}/api/v1${path}`, { headers, signal: stopped });
    if (!response.ok) throw new Error(`GET ${path} gave ${response.status}: ${await response.text()}`);
    return response.json();
  }
}

/** When a server has answered 200; undefined when there is none yet. */
function answer(port) {
  return new Promise((resolve) => {
    // `agent: false` makes a new connection each time and keeps none, as a first visitor does.
    const options = { host: "127.0.0.1", port, path: HEALTH, agent: false, timeout: 30_000 };
    const request = get(options, (response) => {
      const at = performance.now();
      response.resume();
      response.once("close", () => resolve(response.statusCode === 200 ? at : undefined));
    });
    request.once("timeout", () => request.destroy());
    request.once("error", () => resolve(undefined));
  });
}
