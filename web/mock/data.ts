// A small homelab that exists only in memory, for looking at pages and for their tests.
import type * as t from "../src/api/types.ts";

const MIN = 60_000;
const HOUR = 60 * MIN;
const DAY = 24 * HOUR;
const GIB = 1024 ** 3;

export const now = Date.now();
export const OWNER: t.User = { id: "usr_0000000000000001", name: "anna", role: "owner", created_at: now - 40 * DAY };
export const USERS: t.User[] = [
  OWNER,
  { id: "usr_0000000000000002", name: "ben", role: "operator", created_at: now - 12 * DAY },
  { id: "usr_0000000000000003", name: "guest", role: "viewer", created_at: now - 2 * DAY },
];

const VIEWER = ["read", "account.own", "token.create"];
const OPERATOR = [
  ...VIEWER,
  ...["logs.read", "files.read", "deployment.deploy", "deployment.start", "deployment.stop", "deployment.restart"],
  ...["deployment.update", "deployment.rollback", "secret.reveal", "operation.cancel", "operation.retry"],
  "schedules.manage",
];
const ADMIN = [
  ...OPERATOR,
  "audit.read",
  "users.manage",
  "deployment.remove",
  "volume.delete",
  "script.run",
  ...["device.manage", "retention.manage", "reconciler.run"],
  ...["steward.backup", "steward.restart", "backups.read", "backup_key.reveal"],
];
export const PERMISSIONS: Record<t.Role, string[]> = {
  guest: ["account.own", "token.create"],
  viewer: VIEWER,
  operator: OPERATOR,
  admin: ADMIN,
  owner: ADMIN,
};

export const DEVICES: t.DeviceView[] = [
  {
    id: "dev_0000000000000001",
    name: "home",
    type: "server",
    address: "local",
    development: false,
    created_at: now - 40 * DAY,
    status: "online",
    facts: {
      hostname: "home",
      os: "Debian GNU/Linux 12 (bookworm)",
      os_id: "debian",
      kernel: "6.1.0-28-amd64",
      architecture: "amd64",
      cpus: 4,
      load_1m: 0.62,
      memory_total: 15.5 * GIB,
      memory_available: 9.4 * GIB,
      disk_total: 468 * GIB,
      disk_available: 301 * GIB,
      uptime_seconds: 1_234_567,
    },
    engine: {
      version: "28.5.2",
      api_version: "1.51",
      compose_version: "2.40.3",
      architecture: "amd64",
      data_root: "/var/lib/docker",
    },
    problem: null,
    observed_at: now - 4_000,
    deployments: 4,
  },
];

export const NAS: t.DeviceView = {
  id: "dev_0000000000000002",
  name: "nas",
  type: "nas",
  address: "10.0.0.5",
  development: false,
  created_at: now - 9 * DAY,
  status: "degraded",
  facts: {
    hostname: "nas",
    os: "Debian GNU/Linux 13 (trixie)",
    os_id: "debian",
    kernel: "6.12.0-1-arm64",
    architecture: "arm64",
    cpus: 4,
    load_1m: 3.4,
    memory_total: 4 * GIB,
    memory_available: 0.5 * GIB,
    disk_total: 3700 * GIB,
    disk_available: 540 * GIB,
    uptime_seconds: 88_000,
  },
  engine: null,
  problem: {
    message: "Docker is not installed on nas.",
    hint: "Install Docker and its Compose plugin, then check again:",
    commands: ["sudo apt-get install docker.io docker-compose-v2", "sudo systemctl enable --now docker"],
  },
  observed_at: now - 21_000,
  deployments: 0,
};

function entry(
  slug: string,
  title: string,
  category: string,
  description: string,
  memory: number,
  storage: number,
): t.ApplicationSummary {
  return {
    slug,
    title,
    description,
    category,
    website: `https://${slug}.example`,
    icon: null,
    resources: { cpu: 200, memory, storage },
    images: [`docker.io/library/${slug}:1`],
    embedded: slug === "hello",
    broken: null,
    deployments: 0,
    source: "builtin",
  };
}

export const APPLICATIONS: t.ApplicationSummary[] = [
  entry("hello", "Hello", "other", "One page that says hello; made to try Steward out.", 16, 8),
  entry("uptime-kuma", "Uptime Kuma", "monitoring", "Watches your services and tells you when one is down.", 128, 512),
  entry("vaultwarden", "Vaultwarden", "security", "A password server for Bitwarden clients.", 96, 256),
  entry("jellyfin", "Jellyfin", "media", "Plays your films, series and music on every screen.", 1024, 2048),
  entry(
    "immich",
    "Immich",
    "photos",
    "Keeps and finds the photos of the whole family, with faces and places.",
    4096,
    10_240,
  ),
  entry("freshrss", "FreshRSS", "web", "Reads feeds, fast, with many clients.", 128, 256),
  entry("gogs", "Gogs", "web", "A small Git server.", 128, 512),
  {
    ...entry("wiki", "wiki", "other", "", 0, 0),
    source: "local",
    broken: [
      {
        file: "catalog/wiki/service.hcl",
        line: 14,
        column: 9,
        message: "`extrenal` is no field of a port; did you mean `external`?",
      },
    ],
  },
];

export const SCHEMA: t.JsonSchema = {
  type: "object",
  properties: {
    admin_token: {
      type: "string",
      title: "Admin token",
      description: "Opens the administration page.",
      writeOnly: true,
      "x-generate": 32,
    },
    greeting: {
      type: "string",
      title: "Greeting",
      description: "What the page says.",
      default: "Hello",
      minLength: 1,
      maxLength: 80,
    },
    language: { type: "string", title: "Language", default: "en", enum: ["en", "de", "fr"] },
    signups: {
      type: "boolean",
      title: "Allow sign-ups",
      description: "Anybody who can reach the page can make an account.",
      default: false,
    },
    workers: {
      type: "integer",
      title: "Workers",
      description: "Processes that answer requests.",
      default: 2,
      minimum: 1,
      maximum: 16,
      "x-advanced": true,
    },
  },
  required: [],
};

/** The form is made from the JSON Schema; of these only the order counts. */
function setting(key: string): t.Definition["settings"][number] {
  return {
    key,
    type: "string",
    title: key,
    description: "",
    default: null,
    required: false,
    options: [],
    minimum: null,
    maximum: null,
    pattern: null,
    secret: false,
    generate: null,
    advanced: false,
  };
}

export function definition(slug: string, title: string): t.Definition {
  return {
    title,
    description: "",
    category: "other",
    website: null,
    containers: [
      {
        name: "web",
        image: `docker.io/library/${slug}:1`,
        command: [],
        env: {},
        health_check: null,
        ports: [{ internal: 80, external: 8080, protocol: "tcp", web: true }],
        volumes: [{ name: "data", path: "/data", read_only: false }],
        depends_on: [],
        user: null,
        memory_limit: 128,
      },
    ],
    resources: { cpu: 200, memory: 128, storage: 256 },
    database: null,
    settings: ["greeting", "language", "signups", "admin_token", "workers"].map(setting),
    public_access: false,
    post_install: "Open the page and make the first account. It becomes the administrator.",
  };
}

function deployment(
  index: number,
  name: string,
  title: string,
  state: t.DeploymentState,
  services: Partial<t.ServiceView>[],
  port: number,
): t.DeploymentView {
  return {
    id: `dep_000000000000000${index}`,
    name,
    application: name,
    title,
    icon: null,
    device_id: "dev_0000000000000001",
    device: "home",
    state,
    desired: state === "stopped" ? "stopped" : "running",
    revision: 3,
    services: services.map((service, at) => ({
      name: at === 0 ? "web" : "db",
      image: at === 0 ? `docker.io/library/${name}:1.4` : "docker.io/library/postgres:17",
      state: "running",
      health: "healthy",
      restart_count: 0,
      exit_code: null,
      started_at: now - 3 * DAY,
      ...service,
    })),
    links: [{ title: "Web", url: `http://localhost:${port}` }],
    busy: null,
    update_available: name === "jellyfin",
    post_install: "Open the page and make the first account. It becomes the administrator.",
    created_at: now - 20 * DAY,
    updated_at: now - 3 * DAY,
    observed_at: now - 5_000,
  };
}

export const DEPLOYMENTS: t.DeploymentView[] = [
  deployment(1, "vaultwarden", "Vaultwarden", "running", [{}], 8081),
  deployment(
    2,
    "immich",
    "Immich",
    "degraded",
    [{}, { state: "restarting", health: "none", restart_count: 7, exit_code: 1 }],
    2283,
  ),
  deployment(3, "jellyfin", "Jellyfin", "running", [{}], 8096),
  deployment(4, "freshrss", "FreshRSS", "stopped", [{ state: "exited", health: "none", exit_code: 0 }], 8082),
];

export const COMPOSE = `name: hello
services:
  web:
    image: docker.io/library/hello:1
    restart: unless-stopped
    ports:
      - "8080:80/tcp"
    environment:
      GREETING: "Hello"
      ADMIN_TOKEN: "\${ADMIN_TOKEN}"
    volumes:
      - data:/data
    labels:
      io.steward.deployment: hello
volumes:
  data:
    name: hello_data
`;

export const DIFF = `--- compose.yaml
+++ compose.yaml
@@ -6,5 +6,5 @@
     ports:
-      - "8080:80/tcp"
+      - "8088:80/tcp"
     environment:
-      GREETING: "Hello"
+      GREETING: "Good morning"
       ADMIN_TOKEN: "\${ADMIN_TOKEN}"
`;

export const STEPS: t.PlannedStep[] = [
  { name: "validating", does: "Check the device, the ports and the disk again.", undo: "" },
  {
    name: "preparing",
    does: "Write the project folder with compose.yaml and .env.",
    undo: "Remove the project folder.",
  },
  {
    name: "deploying",
    does: "Pull the images, make the network and volumes, start the containers.",
    undo: "Stop and remove the containers, the network and the new volumes.",
  },
  { name: "configuring", does: "Record the revision and its links.", undo: "Forget the revision." },
  { name: "health_check", does: "Wait until every service is healthy, at most 120 seconds.", undo: "" },
];

export const LOGS = [
  "\u001b[32mINFO\u001b[0m listening on 0.0.0.0:80",
  "GET / 200 in 3 ms",
  "\u001b[33mWARN\u001b[0m slow query: 412 ms",
  "\u001b[31mERROR\u001b[0m connection to db refused, trying again",
  "<img src=x onerror=alert(1)> is only text",
  "GET /api/items?limit=50 200 in 12 ms",
];

export { DAY, HOUR, MIN };

const reconciler = (name: string, does: string, did: string, every: number): t.ReconcilerStatus => ({
  name,
  does,
  every_seconds: every,
  running: false,
  started_at: now - 8 * MIN,
  finished_at: now - 8 * MIN + 40,
  duration_ms: 40,
  succeeded_at: now - 8 * MIN + 40,
  did,
  failure: null,
  failures: 0,
  next_at: now - 8 * MIN + every * 1000,
});

export const RECONCILERS: t.ReconcilerStatus[] = [
  reconciler(
    "devices",
    "Looks at each device: its facts, its engine, its containers and volumes.",
    "looked at 1 device",
    15,
  ),
  reconciler(
    "sessions",
    "Removes sign-ins that have expired or were not used for seven days.",
    "no sign-in had ended",
    3600,
  ),
  reconciler(
    "retention",
    "Forgets operations, output and audit rows that are older than the retention says, and gives their space back.",
    "forgot 12 operations, 40 audit rows",
    3600,
  ),
];

const SETTINGS: t.RetentionSettings = {
  operations_days: 365,
  operations_kept: 100_000,
  output_days: 90,
  audit_days: 730,
};
export const HTTPS: t.HttpsView = {
  enabled: true,
  exposed: false,
  source: "authority",
  names: ["localhost", "127.0.0.1", "::1", "nas.local", "nas", "192.168.1.20"],
  expires_at: now + 80 * DAY,
  fingerprint: "3A:5F".concat(":0C".repeat(30)),
  authority: {
    name: "Steward CA 1a2b3c4d",
    fingerprint: "9B:20".concat(":7E".repeat(30)),
    expires_at: now + 3_640 * DAY,
  },
  problem: null,
};

export const RETENTION: t.RetentionView = {
  settings: SETTINGS,
  defaults: SETTINGS,
  operations: 1_204,
  oldest_operation_at: now - 300 * DAY,
  audit_rows: 4_811,
  oldest_audit_at: now - 300 * DAY,
  file_bytes: 14_000_000,
  free_bytes: 200_000,
};

const script = (name: string, more: Partial<t.ScriptView>): t.ScriptView => ({
  name,
  path: `/etc/steward/scripts/${name}`,
  title: null,
  description: null,
  deadline_seconds: 3600,
  sha256: "5c".repeat(32),
  refused: null,
  last_run: null,
  ...more,
});
export const SCRIPTS: t.ScriptsView = {
  folder: "/etc/steward/scripts",
  runs_as: "root",
  problem: null,
  scripts: [
    script("notes.txt", { sha256: null, refused: "it is not executable; as root: chmod 755" }),
    script("trim-disks", {
      title: "Trim the disks",
      description: "Tells every disk which blocks are free.",
      deadline_seconds: 600,
      last_run: {
        operation_id: "op_0000000000000001",
        state: "succeeded",
        actor: "anna",
        created_at: now - DAY,
        finished_at: now - DAY + 2_000,
      },
    }),
  ],
};

/** The backups of Steward itself: one a day, and what happens to old ones. */
export const BACKUPS: t.Backups = {
  folder: "/mnt/usb/steward",
  keep: 14,
  latest_good_at: now - 3 * HOUR,
  recipient: "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p",
  key_saved: false,
  problem: null,
  backups: (["good", "good", "damaged", "other_key"] as const).map((state, index) => ({
    name: `steward-2025070${4 - index}T030000.000Z.tar.age`,
    made_at: now - 3 * HOUR - index * DAY,
    size: 2_400_000 + index * 1000,
    state,
    program: state === "good" ? "0.1.0" : null,
    schema: state === "good" ? 1 : null,
    sha256: state === "good" ? "9f86d081".repeat(8) : null,
    left_out: index === 1 ? ["catalog/link"] : [],
  })),
};
