// One Steward of its own: the real program on the lab's engine, with a data folder that goes with it.
import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type {
  Accepted,
  ApplicationDetail,
  DeploymentView,
  Health,
  Operation,
  OperationDetail,
  OperationState,
  VolumeView,
} from "../../src/api/types.ts";
import { sweep } from "./docker.ts";
import { ask } from "./http.ts";
import { DOCKER_HOST } from "./needs.ts";
import { freePort } from "./ports.ts";
import { launch, run, type Ran } from "./program.ts";
import { LONG, until } from "./time.ts";

export const OWNER = { name: "anna", password: "tall brown dog" };

const AT_REST: OperationState[] = ["succeeded", "rolled_back", "needs_attention", "cancelled"];
export const isAtRest = ({ state }: Operation): boolean => AT_REST.includes(state);

/** How much of the server's own log is kept for messages. */
const LOG = 8_000;
const STOP_WITHIN = 20_000;

export interface ApiAnswer {
  status: number;
  body: unknown;
}

export class Server {
  readonly url: string;
  readonly data: string;
  /** The address with the set-up code, as the console prints it while nobody owns the server. */
  setup = "";
  private readonly folder = mkdtempSync(join(tmpdir(), "steward-e2e-"));
  private readonly names = new Set<string>();
  private readonly listen: string;
  private child: ChildProcess | undefined;
  private log = "";

  private readonly more: string[];

  private constructor(port: number, more: string[]) {
    this.more = more;
    // The same port after every start, as a browser that is open meanwhile expects.
    this.listen = `127.0.0.1:${port}`;
    this.url = `${more.includes("--https") ? "https" : "http"}://${this.listen}`;
    this.data = join(this.folder, "data");
    process.on("exit", () => this.child?.kill("SIGKILL"));
  }

  /** One that runs and that nobody owns yet, with more options than it needs. */
  static async open(more: string[] = []): Promise<Server> {
    const server = new Server(await freePort(), more);
    await server.start();
    return server;
  }

  /** The authority that vouches for it, when it speaks HTTPS by one of its own. */
  get ca(): string | undefined {
    const file = join(this.data, "tls/ca.crt");
    return existsSync(file) ? readFileSync(file, "utf8") : undefined;
  }

  get runs(): boolean {
    const child = this.child;
    return child?.pid !== undefined && child.exitCode === null && child.signalCode === null;
  }

  async start(): Promise<void> {
    const words = ["serve", "--data-dir", this.data, "--listen", this.listen, "--docker-host", DOCKER_HOST];
    words.push(...this.more);
    const child = launch(words, this.config);
    this.child = child;
    let said = "";
    child.on("error", (error) => (this.log += String(error)));
    child.stdin.end();
    child.stdout.on("data", (text: string) => (said += text));
    child.stderr.on("data", (text: string) => (this.log = (this.log + text).slice(-LOG)));
    await until("the server to listen", async () => {
      assert.ok(this.runs, `the server ended by itself:\n${this.log}`);
      return said.includes(`listening: ${this.url}`);
    });
    const { claimed } = await this.get<Health>("/system/health");
    if (!claimed) this.setup = await until("the set-up link", async () => /^setup: (\S+)$/m.exec(said)?.[1]);
  }

  /** The number of its process. */
  get pid(): number {
    return this.child?.pid ?? 0;
  }

  stop(): Promise<void> {
    return this.end("SIGTERM");
  }

  /** Ends it as a power cut does: nothing is written any more, nothing is cleaned up. */
  kill(): Promise<void> {
    return this.end("SIGKILL");
  }

  private async end(signal: NodeJS.Signals): Promise<void> {
    const child = this.child;
    if (!child || !this.runs) return;
    const ended = once(child, "exit");
    child.kill(signal);
    const force = setTimeout(() => child.kill("SIGKILL"), STOP_WITHIN);
    await ended;
    clearTimeout(force);
  }

  private get config(): string {
    return join(this.folder, "config");
  }

  /** The command line, signed in here once `claim` or `signIn` has run. */
  run(words: string[], input = ""): Promise<Ran> {
    return run(words, this.config, input);
  }

  /** A run that has to succeed; gives what it printed. */
  async good(words: string[], input?: string): Promise<string> {
    const { code, out, err } = await this.run(words, input);
    assert.equal(code, 0, `steward ${words.join(" ")}: ${err}\n${this.log}`);
    return out;
  }

  /** Makes the owner's account by the command line. */
  async claim(): Promise<void> {
    await this.good(["setup", "--url", this.setup, "--user", OWNER.name, "--password-stdin"], OWNER.password);
    await this.engineAnswers();
  }

  /** Signs the command line in, when the account was made elsewhere. */
  async signIn(): Promise<void> {
    await this.good(["login", "--url", this.url, "--user", OWNER.name, "--password-stdin"], OWNER.password);
    await this.engineAnswers();
  }

  private async engineAnswers(): Promise<void> {
    await until("the engine to be seen", async () => (await this.get<Health>("/system/health")).engine === "ok");
  }

  private token(): string | undefined {
    const file = join(this.config, "sign-in.json");
    if (!existsSync(file)) return undefined;
    return (JSON.parse(readFileSync(file, "utf8")) as { token?: string }).token;
  }

  async api(method: string, path: string, body?: unknown, key?: string): Promise<ApiAnswer> {
    const headers: Record<string, string> = { accept: "application/json" };
    const token = this.token();
    if (token !== undefined) headers.authorization = `Bearer ${token}`;
    if (key !== undefined) headers["idempotency-key"] = key;
    if (body !== undefined) headers["content-type"] = "application/json";
    const sent = body === undefined ? undefined : JSON.stringify(body);
    const { status, text } = await ask(`${this.url}/api/v1${path}`, { method, headers, body: sent, ca: this.ca });
    return { status, body: text === "" ? null : JSON.parse(text) };
  }

  async get<T>(path: string): Promise<T> {
    const { status, body } = await this.api("GET", path);
    assert.equal(status, 200, `GET ${path}: ${JSON.stringify(body)}`);
    return body as T;
  }

  /** Asks for an operation that has to be accepted: from then on it is durable. */
  async submit(method: string, path: string, body?: unknown, key?: string): Promise<Operation> {
    const answer = await this.api(method, path, body, key);
    assert.equal(answer.status, 202, `${method} ${path}: ${JSON.stringify(answer.body)}`);
    return (answer.body as Accepted).operation;
  }

  /** The operation once it is at rest. */
  rest(id: string): Promise<OperationDetail> {
    const look = async () => {
      const operation = await this.get<OperationDetail>(`/operations/${id}`);
      return isAtRest(operation) && operation;
    };
    return until(`the operation ${id} to come to rest`, look, LONG);
  }

  /** Every operation, once all are at rest. */
  allAtRest(): Promise<Operation[]> {
    const look = async () => {
      const all: Operation[] = [];
      for (;;) {
        const last = all.at(-1);
        const page = await this.get<Operation[]>(`/operations?limit=500${last ? `&before=${last.id}` : ""}`);
        all.push(...page);
        if (page.length === 0) return all.every(isAtRest) && all;
      }
    };
    return until("every operation to come to rest", look, LONG);
  }

  /** Deploys and waits until it runs; what goes wrong is said in the operation's own words. */
  async deploy(slug: string, name: string, request: Record<string, unknown> = {}): Promise<OperationDetail> {
    const { id } = await this.submit("POST", `/applications/${slug}/deploy`, { name, ...request });
    const operation = await this.rest(id);
    assert.equal(operation.state, "succeeded", `${slug} as ${name}: ${JSON.stringify(operation.error)}`);
    return operation;
  }

  /** A name for an app that no other run on this engine uses. On pictures it is plain. */
  name(base: string): string {
    const name = process.env.STEWARD_SCREENSHOTS ? base : `${base}-${process.pid}`;
    this.names.add(name);
    return name;
  }

  /** Puts an entry into the catalog, and waits until the server has read it. */
  async entry(slug: string, text: string): Promise<void> {
    const folder = join(this.data, "catalog", slug);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "service.hcl"), text);
    await until(`${slug} in the catalog`, async () => {
      const { status, body } = await this.api("GET", `/applications/${slug}`);
      return status === 200 && (body as ApplicationDetail).source_text === text;
    });
  }

  /** Removes every app with its data, then itself. What Steward could not remove fails the test, and goes too. */
  async close(): Promise<void> {
    try {
      if (this.token() !== undefined) await this.removeAll();
    } finally {
      await this.stop();
      const left = await sweep(this.names);
      rmSync(this.folder, { recursive: true, force: true });
      assert.deepEqual(left, [], "left on the engine after everything was removed");
    }
  }

  private async removeAll(): Promise<void> {
    if (!this.runs) await this.start();
    await this.allAtRest();
    for (const { name } of await this.get<DeploymentView[]>("/deployments")) {
      await this.good(["apps", "remove", name, "--delete-data", "--confirm", name]);
    }
    // The data of apps that a test removed and whose data it kept.
    for (const { name, deployment } of await this.get<VolumeView[]>("/volumes")) {
      if (deployment && this.names.has(deployment)) await this.run(["volumes", "delete", name, "--confirm", name]);
    }
  }
}
