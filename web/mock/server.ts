// The API in memory. Just enough of the real one's behaviour to see every page in every state.
import type * as t from "../src/api/types.ts";
import * as data from "./data.ts";
import * as plans from "./schedules.ts";
import { failing, finished, operationOf, recordOf, stuck, succeeding, type Script } from "./operations.ts";

export interface Answer {
  status: number;
  body?: unknown;
  text?: string;
  headers?: Record<string, string>;
}

export type Scene = "full" | "empty" | "unclaimed" | "signed-out" | "viewer" | "trouble";

type Handler = (request: {
  body: Record<string, unknown>;
  query: URLSearchParams;
  params: string[];
}) => Answer | Promise<Answer>;

const ok = (body: unknown, status = 200): Answer => ({ status, body });
export const problem = (status: number, code: string, detail: string, more: Partial<t.Problem> = {}): Answer => ({
  status,
  body: { type: "about:blank", title: code, status, detail, code, ...more },
  headers: { "content-type": "application/problem+json" },
});

export class MockServer {
  scene: Scene;
  /** Milliseconds between two words of a running operation; 0 stands still. */
  pace: number;
  signedIn: boolean;
  claimed: boolean;
  role: t.Role = "owner";
  devices: t.DeviceView[];
  applications: t.ApplicationSummary[];
  deployments: t.DeploymentView[];
  operations: t.OperationDetail[];
  tokens: t.Token[];
  volumes: t.VolumeView[];
  reconcilers: t.ReconcilerStatus[] = structuredClone(data.RECONCILERS);
  retention: t.RetentionView = structuredClone(data.RETENTION);
  development = false;
  schedules: t.ScheduleView[];
  backups: t.Backups;
  /** Every request, for tests to look at. */
  readonly asked: { method: string; path: string; body: unknown }[] = [];
  /** Answers that a test sets: `GET /devices`. */
  readonly overrides = new Map<string, () => Answer | Promise<Answer>>();
  private readonly listeners = new Set<(channel: string, event: string, payload: Record<string, unknown>) => void>();
  private readonly routes: { method: string; pattern: RegExp; handler: Handler }[] = [];
  private next = 10;

  constructor(scene: Scene = "full", pace = 0) {
    this.scene = scene;
    this.pace = pace;
    const bare = scene === "empty" || scene === "unclaimed";
    this.claimed = scene !== "unclaimed";
    this.signedIn = scene !== "unclaimed" && scene !== "signed-out";
    if (scene === "viewer") this.role = "viewer";
    this.devices = structuredClone(scene === "trouble" ? [...data.DEVICES, data.NAS] : data.DEVICES);
    this.applications = structuredClone(data.APPLICATIONS);
    this.deployments = bare ? [] : structuredClone(data.DEPLOYMENTS);
    if (scene !== "trouble") {
      this.applications = this.applications.filter((one) => !one.broken);
      for (const app of this.deployments.filter((one) => one.state === "degraded")) {
        app.state = "running";
        app.services = app.services.map((one) => ({
          ...one,
          state: "running",
          health: "healthy",
          restart_count: 0,
          exit_code: null,
        }));
      }
    }
    this.operations = bare ? [] : [...(scene === "trouble" ? [stuck()] : []), ...finished()];
    this.tokens = [
      {
        id: "tok_0000000000000001",
        user_id: data.OWNER.id,
        name: "backup script",
        role: "viewer",
        scopes: null,
        created_at: data.now - 8 * data.DAY,
        expires_at: data.now + 80 * data.DAY,
        last_used_at: data.now - data.HOUR,
      },
    ];
    this.backups = structuredClone(data.BACKUPS);
    if (bare) Object.assign(this.backups, { backups: [], latest_good_at: null });
    this.volumes = this.deployments.map((one) => ({
      name: `${one.name}_data`,
      device_id: one.device_id,
      deployment: one.name,
      in_use: one.state !== "stopped",
      created: null,
    }));
    this.schedules = bare ? [] : plans.schedules(this.deployments[0]?.id ?? "");
    this.define();
    this.defineSchedules();
  }

  listen(listener: (channel: string, event: string, payload: Record<string, unknown>) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  emit(channel: string, event: string, payload: Record<string, unknown>): void {
    for (const listener of [...this.listeners]) listener(channel, event, payload);
  }

  async handle(method: string, url: string, body: unknown): Promise<Answer> {
    const { pathname, searchParams } = new URL(url, "http://mock");
    const path = decodeURIComponent(pathname.replace(/^\/api\/v1/, ""));
    this.asked.push({ method, path, body });
    const override = this.overrides.get(`${method} ${path}`);
    if (override) return override();
    for (const route of this.routes) {
      const match = route.method === method ? route.pattern.exec(path) : null;
      if (!match) continue;
      if (!this.signedIn && !/^\/(setup|session|system\/health)$/.test(path))
        return problem(401, "not_signed_in", "nobody is signed in");
      return route.handler({
        body: (body ?? {}) as Record<string, unknown>,
        query: searchParams,
        params: match.slice(1),
      });
    }
    return problem(404, "not_found", `there is no ${path}`);
  }

  private on(method: string, path: string, handler: Handler): void {
    this.routes.push({ method, pattern: new RegExp(`^${path.replaceAll(/:\w+/g, "([^/]+)")}$`), handler });
  }

  private user(): t.User {
    return { ...data.OWNER, role: this.role, name: this.role === "viewer" ? "guest" : "anna" };
  }

  private find(name: string | undefined): t.DeploymentView | undefined {
    return this.deployments.find((one) => one.name === name || one.id === name);
  }

  private start(kind: t.OperationKind, target: string, request: Record<string, unknown>, script: Script): Answer {
    const app = this.find(target);
    const operation = operationOf(kind, target, app?.id ?? null, request, this.next++);
    this.operations.unshift(operation);
    void this.run(operation, script);
    return ok({ operation: recordOf(operation), unchanged: false }, 202);
  }

  private async run(operation: t.OperationDetail, script: Script): Promise<void> {
    const tell = () =>
      this.emit("operations", "changed", { operation_id: operation.id, deployment_id: operation.deployment_id });
    if (this.pace === 0) return;
    const wait = (times = 1) => new Promise((done) => setTimeout(done, this.pace * times));
    for await (const progress of script(operation, wait)) {
      if (progress)
        this.emit("deployments", "progress", {
          ...progress,
          operation_id: operation.id,
          deployment_id: operation.deployment_id,
        });
      tell();
    }
    this.emit("deployments", "status_change", { deployment_id: operation.deployment_id });
    tell();
  }

  private defineSchedules(): void {
    const on = this.on.bind(this);
    const found = (name: unknown) => this.schedules.find((one) => one.name === name || one.id === name);
    const one = (name: unknown, answer: (schedule: t.ScheduleView) => Answer) => {
      const schedule = found(name);
      return schedule ? answer(schedule) : problem(404, "not_found", `there is no schedule \`${String(name)}\``);
    };
    on("GET", "/schedules", () => ok(this.schedules));
    on("GET", "/schedules/calendar", () => ok(plans.calendar(this.schedules)));
    on("POST", "/schedules/preview", ({ body }) =>
      String(body.cron).startsWith("0 0 30 2")
        ? problem(422, "invalid_value", "no date is ever like `0 0 30 2 *`", { field: "cron" })
        : ok(plans.preview(String(body.cron), String(body.time_zone), Number(body.count))),
    );
    on("POST", "/schedules", ({ body }) => {
      if (found(body.name))
        return problem(409, "name_taken", `there is already a schedule \`${String(body.name)}\``, { field: "name" });
      const made = { ...plans.schedules("")[0], ...body, id: `sch_${this.next++}`, last_run: null } as t.ScheduleView;
      this.schedules.push(made);
      return ok(made, 201);
    });
    on("GET", "/schedules/:name", ({ params }) => one(params[0], ok));
    on("PUT", "/schedules/:name", ({ params, body }) =>
      one(params[0], (schedule) => {
        if (body.expected_version !== schedule.version)
          return problem(409, "conflict", "the schedule was changed meanwhile", { field: "expected_version" });
        return ok(Object.assign(schedule, body, { version: schedule.version + 1 }));
      }),
    );
    on("DELETE", "/schedules/:name", ({ params }) =>
      one(params[0], (schedule) => {
        this.schedules = this.schedules.filter((other) => other !== schedule);
        return { status: 204 };
      }),
    );
    on("GET", "/schedules/:name/runs", ({ params }) => one(params[0], ({ id }) => ok(plans.RUNS[id] ?? [])));
    for (const [action, enabled] of [
      ["pause", false],
      ["resume", true],
    ] as const) {
      on("POST", `/schedules/:name/${action}`, ({ params }) =>
        one(params[0], (schedule) => ok(Object.assign(schedule, { enabled }))),
      );
    }
    on("POST", "/schedules/:name/run", ({ params }) =>
      one(params[0], ({ request, target }) => this.start(request.kind, target, { ...request }, succeeding)),
    );
  }

  private define(): void {
    const on = this.on.bind(this);
    on("GET", "/system/health", () =>
      ok({
        status: "ok",
        version: "0.1.0",
        claimed: this.claimed,
        database: "ok",
        ...(this.signedIn && { engine: "ok" }),
      }),
    );
    on("GET", "/system/version", () => ok({ version: "0.1.0", api_version: "v1", development: this.development }));
    on("GET", "/system/https", () => ok(data.HTTPS));
    on("GET", "/system/retention", () => ok(this.retention));
    on("PATCH", "/system/retention", ({ body }) => {
      if (Number(body.audit_days) < 30)
        return problem(422, "invalid_value", "7 is not within 30 to 36500 days", { field: "audit_days" });
      this.retention = { ...this.retention, settings: { ...this.retention.settings, ...body } };
      return ok(this.retention);
    });
    on("GET", "/reconcilers", () => ok(this.reconcilers));
    on("POST", "/reconcilers/:name/run", ({ params }) => {
      const found = this.reconcilers.find((one) => one.name === params[0]);
      return found ? ok(found, 202) : problem(404, "not_found", `there is no background task \`${params[0]}\``);
    });
    on("POST", "/setup", ({ body }) => {
      if (this.claimed) return problem(404, "not_found", "this server has an owner");
      if (body.code !== "code-1234")
        return problem(403, "setup_code_wrong", "the set-up code is wrong", { field: "code" });
      if (String(body.password).length < 10)
        return problem(422, "invalid_value", "a password has at least 10 characters", { field: "password" });
      this.claimed = this.signedIn = true;
      return ok({ user: this.user(), token: "t" }, 201);
    });
    on("GET", "/session", () =>
      this.signedIn
        ? ok({ user: this.user(), permissions: data.PERMISSIONS[this.role], scopes: [], via: "session" })
        : problem(401, "not_signed_in", "nobody is signed in"),
    );
    on("POST", "/session", ({ body }) => {
      if (body.password !== "tall brown dog")
        return problem(401, "sign_in_failed", "the name or the password is wrong");
      this.signedIn = true;
      return ok({ user: this.user(), token: "t", expires_at: data.now + data.DAY }, 201);
    });
    on("DELETE", "/session", () => {
      this.signedIn = false;
      return { status: 204 };
    });
    on("POST", "/account/password", ({ body }) =>
      body.current === "tall brown dog"
        ? { status: 204 }
        : problem(403, "sign_in_failed", "the present password is wrong", { field: "current" }),
    );
    on("GET", "/sessions", () =>
      ok([
        {
          id: "ses_0000000000000001",
          user_id: data.OWNER.id,
          client: "Firefox on Linux",
          address: "10.0.0.23",
          created_at: data.now - data.HOUR,
          last_used_at: data.now - 1000,
          expires_at: data.now + 6 * data.DAY,
          current: true,
        },
        {
          id: "ses_0000000000000002",
          user_id: data.OWNER.id,
          client: "steward-cli 0.1.0",
          address: "10.0.0.7",
          created_at: data.now - 3 * data.DAY,
          last_used_at: data.now - data.DAY,
          expires_at: data.now + 3 * data.DAY,
          current: false,
        },
      ]),
    );
    on("DELETE", "/sessions/:id", () => ({ status: 204 }));
    on("GET", "/tokens", () => ok(this.tokens));
    on("POST", "/tokens", ({ body }) => {
      const token: t.Token = {
        id: `tok_${this.next++}`,
        user_id: data.OWNER.id,
        name: String(body.name),
        role: (body.role as t.Role | undefined) ?? "viewer",
        scopes: null,
        created_at: Date.now(),
        expires_at: null,
        last_used_at: null,
      };
      this.tokens.push(token);
      return ok({ token, secret: "stw_9f1c2b7d0e8a4f5c" }, 201);
    });
    on("DELETE", "/tokens/:id", ({ params }) => {
      this.tokens = this.tokens.filter((token) => token.id !== params[0]);
      return { status: 204 };
    });
    on("GET", "/users", () => ok(data.USERS));
    on("POST", "/users", ({ body }) =>
      ok({ id: "usr_9", name: body.name, role: body.role, created_at: Date.now() }, 201),
    );
    on("GET", "/users/:id/grants", () => ok([]));
    on("GET", "/devices", () => ok(this.devices));
    on("GET", "/devices/:id", ({ params }) => {
      const device = this.devices.find((one) => one.id === params[0]);
      return device ? ok(device) : problem(404, "not_found", `there is no device \`${params[0]}\``);
    });
    on("PATCH", "/devices/:id", ({ params, body }) => {
      const device = this.devices.find((one) => one.id === params[0]);
      if (!device) return problem(404, "not_found", `there is no device \`${params[0]}\``);
      device.development = body.development === true;
      return ok(device);
    });
    on("GET", "/devices/:id/scripts", () => ok(data.SCRIPTS));
    on("GET", "/devices/:id/ports", () =>
      ok([
        { port: 22, protocol: "tcp", owner: "sshd" },
        { port: 8080, protocol: "tcp", owner: "traefik" },
        { port: 2283, protocol: "tcp", owner: "immich-web-1" },
        { port: 53, protocol: "udp", owner: null },
      ]),
    );
    on("GET", "/devices/:id/containers", () =>
      ok(
        this.deployments.flatMap((one) =>
          one.services.map((service) => ({
            id: `${one.id}${service.name}`,
            name: `${one.name}-${service.name}-1`,
            image: service.image,
            image_id: "",
            state: service.state,
            health: service.health,
            exit_code: null,
            restart_count: 0,
            started_at: null,
            labels: one.name === "jellyfin" ? {} : { "io.steward.deployment": one.name },
            ports: [],
            volumes: [],
          })),
        ),
      ),
    );
    on("GET", "/volumes", () => ok(this.volumes));
    on("GET", "/applications", () => ok(this.applications));
    on("GET", "/applications/:slug", ({ params }) => {
      const found = this.applications.find((one) => one.slug === params[0]);
      if (!found) return problem(404, "not_found", `there is no application \`${params[0]}\``);
      return ok({
        ...found,
        definition: found.broken ? null : data.definition(found.slug, found.title),
        settings_schema: found.broken ? null : data.SCHEMA,
        source_text: `name = "${found.slug}"\n\ncontainer "web" {\n  image = "${found.images[0]}"\n}\n`,
      });
    });
    on("POST", "/applications/:slug/plan", ({ params, body }) => this.plan(String(params[0]), body));
    on("POST", "/applications/:slug/deploy", ({ params, body }) => this.deploy(String(params[0]), body));
    this.defineDeployments();
    this.defineOperations();
  }

  private planOf(slug: string, body: Record<string, unknown>): t.Plan {
    const name = String(body.name ?? slug);
    const port = (body.ports as Record<string, number> | undefined)?.["80/tcp"] ?? 8080;
    const taken = port === 8080;
    return {
      kind: "deployment.deploy",
      target: name,
      device_id: "dev_0000000000000001",
      device: "home",
      summary: `Run ${slug} as ${name} on home, reachable at port ${port}.`,
      changed: true,
      checks: [
        { code: "engine", status: "pass", message: "Docker 28.5.2 with Compose 2.40.3 answers on home." },
        { code: "architecture", status: "pass", message: "The images are there for amd64." },
        { code: "memory", status: "pass", message: "It needs 128 MiB of memory; 9.4 GiB are free." },
        { code: "disk", status: "pass", message: "It needs 256 MiB of storage; 301 GiB are free." },
        taken
          ? {
              code: "port",
              status: "fail",
              message: `Port ${port}/tcp of home is taken by traefik.`,
              fix: { field: "ports.80/tcp", value: "8089" },
            }
          : { code: "port", status: "pass", message: `Port ${port}/tcp of home is free.` },
        { code: "image", status: "warn", message: "The image is about 58 MiB and has to be pulled." },
      ],
      steps: data.STEPS,
      files: [
        {
          path: "compose.yaml",
          content: data.COMPOSE.replaceAll("hello", name).replace("8080", String(port)),
          diff: "",
        },
        { path: ".env", content: "ADMIN_TOKEN=********\n", diff: "" },
      ],
      commands: [
        ["docker", "compose", "--project-name", name, "--file", "compose.yaml", "pull"],
        ["docker", "compose", "--project-name", name, "--file", "compose.yaml", "up", "--detach", "--no-build"],
      ],
      images: [{ reference: `docker.io/library/${slug}:1`, present: false, embedded: slug === "hello" }],
      volumes: [{ name: `${name}_data`, exists: false }],
      targets: [],
      risks: [],
      hash: `hash-${JSON.stringify(body).length}-${port}`,
    };
  }

  private plan(slug: string, body: Record<string, unknown>): Answer {
    const name = String(body.name ?? slug);
    if (!/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/.test(name)) {
      return problem(422, "invalid_name", "a name is made of lower-case letters, digits and single hyphens", {
        field: "name",
      });
    }
    return ok(this.planOf(slug, body));
  }

  private deploy(slug: string, body: Record<string, unknown>): Answer {
    const plan = this.planOf(slug, body);
    if (plan.checks.some((check) => check.status === "fail"))
      return problem(409, "preflight_failed", "port 8080/tcp is taken", { plan });
    if (this.find(plan.target))
      return problem(409, "name_taken", `there is a deployment \`${plan.target}\` already`, { field: "name" });
    this.deployments.push({
      ...structuredClone(data.DEPLOYMENTS[0] as t.DeploymentView),
      id: `dep_${this.next}`,
      name: plan.target,
      application: slug,
      title: slug,
      links: [{ title: "Web", url: "http://localhost:8089" }],
    });
    return this.start(
      "deployment.deploy",
      plan.target,
      { application: slug, ...body },
      plan.target.includes("fail") ? failing : succeeding,
    );
  }

  private defineDeployments(): void {
    const on = this.on.bind(this);
    const known =
      (handler: (app: t.DeploymentView, request: Parameters<Handler>[0]) => Answer | Promise<Answer>): Handler =>
      (request) => {
        const app = this.find(request.params[0]);
        return app
          ? handler(app, request)
          : problem(404, "not_found", `there is no deployment \`${request.params[0]}\``);
      };
    on("GET", "/deployments", () => ok(this.deployments));
    on(
      "GET",
      "/deployments/:id",
      known((app) => ok(app)),
    );
    for (const action of ["start", "stop", "restart"] as const) {
      on(
        "POST",
        `/deployments/:id/${action}`,
        known((app) => this.start(`deployment.${action}`, app.name, { deployment_id: app.id }, succeeding)),
      );
    }
    on(
      "DELETE",
      "/deployments/:id",
      known((app) => {
        const answer = this.start("deployment.remove", app.name, { deployment_id: app.id }, succeeding);
        this.deployments = this.deployments.filter((one) => one !== app);
        return answer;
      }),
    );
    on(
      "POST",
      "/deployments/:id/plan",
      known((app, { body }) =>
        ok({
          ...this.planOf(app.application, { name: app.name, ports: { "80/tcp": 8088 } }),
          kind: `deployment.${String(body.action)}`,
          summary: `Change ${app.name}; it restarts, which takes about 10 seconds.`,
          files: [{ path: "compose.yaml", content: data.COMPOSE, diff: data.DIFF }],
          volumes: [{ name: `${app.name}_data`, exists: true }],
          risks: ["vaultwarden is out of reach for about 10 seconds."],
        }),
      ),
    );
    on(
      "PATCH",
      "/deployments/:id",
      known((app, { body }) => {
        if (body.expected_revision !== app.revision)
          return problem(
            409,
            "conflict",
            `revision ${app.revision} is in force, not ${String(body.expected_revision)}`,
          );
        return this.start("deployment.update", app.name, { deployment_id: app.id, ...body }, succeeding);
      }),
    );
    on(
      "POST",
      "/deployments/:id/rollback",
      known((app, { body }) =>
        this.start("deployment.rollback", app.name, { deployment_id: app.id, ...body }, succeeding),
      ),
    );
    on(
      "GET",
      "/deployments/:id/config",
      known((app) =>
        ok({
          settings: { greeting: "Hello", language: "en", signups: false, workers: 2 },
          secrets_set: ["admin_token"],
          ports: { "80/tcp": 8081 },
          schema: data.SCHEMA,
          definition: data.definition(app.application, app.title),
          revision: app.revision,
        }),
      ),
    );
    on("POST", "/deployments/:id/secrets/reveal", ({ body }) => ok({ key: body.key, value: "q8Zk-2vYd-77Rt" }));
    on(
      "GET",
      "/deployments/:id/revisions",
      known(() =>
        ok(
          [3, 2, 1].map((number) => ({
            number,
            active: number === 3,
            actor: number === 2 ? "ben" : "anna",
            operation_id: `op_000000000000000${number}`,
            created_at: data.now - (4 - number) * 2 * data.DAY,
            activated_at: data.now - (4 - number) * 2 * data.DAY,
            settings: {},
            diff: number === 1 ? "" : data.DIFF,
          })),
        ),
      ),
    );
    on(
      "GET",
      "/deployments/:id/files",
      known((app) =>
        ok([
          { path: "compose.yaml", content: data.COMPOSE.replaceAll("hello", app.name), secret: false },
          { path: ".env", content: "ADMIN_TOKEN=********\n", secret: true },
        ]),
      ),
    );
    on(
      "GET",
      "/deployments/:id/logs",
      known((_, { query }) => {
        const grep = query.get("grep");
        const lines = this.logLines(Number(query.get("tail") ?? 200)).filter(
          (line) => !grep || line.text.includes(grep),
        );
        return {
          status: 200,
          text: lines.map((line) => JSON.stringify(line)).join("\n") + "\n",
          headers: { "content-type": "application/x-ndjson" },
        };
      }),
    );
  }

  logLines(amount: number): t.LogLine[] {
    return Array.from({ length: Math.min(amount, 300) }, (_, index) => ({
      at: Date.now() - (300 - index) * 900,
      service: index % 7 === 3 ? "db" : "web",
      stream: index % 11 === 0 ? "stderr" : "stdout",
      text: data.LOGS[index % data.LOGS.length] ?? "",
    }));
  }

  private defineOperations(): void {
    const on = this.on.bind(this);
    on("GET", "/operations", ({ query }) => {
      const app = query.get("deployment");
      const state = query.get("state");
      const kind = query.get("kind");
      const found = this.operations.filter(
        (one) => (!app || one.target === app) && (!state || one.state === state) && (!kind || one.kind === kind),
      );
      const before = query.get("before");
      const from = before ? found.findIndex((one) => one.id === before) + 1 : 0;
      return ok(found.slice(from, from + Number(query.get("limit") ?? 100)).map(recordOf));
    });
    on("POST", "/operations", ({ body }) => {
      const target = body.kind === "steward.restart" ? "steward" : String(body.volume ?? "volume");
      return this.start(body.kind as t.OperationKind, target, body, succeeding);
    });
    on("POST", "/operations/plan", ({ body }) =>
      ok({
        ...this.planOf("hello", {}),
        kind: body.kind as t.OperationKind,
        target: "steward",
        summary: "Restart Steward itself",
        checks: [
          { code: "program", status: "pass", message: "/usr/bin/steward can be started" },
          {
            code: "operations",
            status: "warn",
            message: "under way, and would be broken off and undone: deployment.deploy of `photos`",
            hint: "Wait until that is done, or ask for it again afterwards.",
          },
        ],
        risks: ["For some seconds Steward does not answer; pages and commands wait for it. Apps go on running."],
        files: [],
        volumes: [],
        images: [],
      }),
    );
    on("GET", "/operations/:id", ({ params }) => {
      const found = this.operations.find((one) => one.id === params[0]);
      return found ? ok(found) : problem(404, "not_found", `there is no operation \`${params[0]}\``);
    });
    for (const action of ["cancel", "retry"]) {
      on("POST", `/operations/:id/${action}`, ({ params }) => {
        const found = this.operations.find((one) => one.id === params[0]);
        if (found && action === "cancel") found.cancel_requested = true;
        return found ? ok(found, 202) : problem(404, "not_found", "there is no such operation");
      });
    }
    on("GET", "/system/backups", () =>
      data.PERMISSIONS[this.role].includes("backups.read")
        ? ok(this.backups)
        : problem(403, "not_allowed", "this needs the role admin"),
    );
    on("POST", "/system/backups", () => this.start("steward.backup", "steward", {}, succeeding));
    on("POST", "/system/backups/key", () =>
      ok({ recipient: this.backups.recipient, key: `# public key: ${this.backups.recipient}\nAGE-SECRET-KEY-1MOCK\n` }),
    );
    on("POST", "/system/backups/key/saved", () => {
      this.backups.key_saved = true;
      return { status: 204 };
    });
    on("GET", "/audit/verify", () => ok({ whole: true, broken_at: null, rows: 901, head: "9f86d081".repeat(8) }));
    on("GET", "/audit", () =>
      ok(
        this.operations.flatMap((one, index) => [
          {
            sequence: 900 - index * 2,
            at: one.finished_at ?? one.created_at,
            actor: one.actor,
            address: "10.0.0.23",
            action: one.kind,
            target: one.target,
            phase: "outcome",
            operation_id: one.id,
            detail: { state: one.state },
            hash: "00",
          },
          {
            sequence: 899 - index * 2,
            at: one.created_at,
            actor: one.actor,
            address: "10.0.0.23",
            action: one.kind,
            target: one.target,
            phase: "accepted",
            operation_id: one.id,
            detail: {},
            hash: "00",
          },
        ]),
      ),
    );
  }
}
