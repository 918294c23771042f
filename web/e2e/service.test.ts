// Steward as a service of systemd, with a user of its own: installed, started, used, killed and removed on a real node.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Health } from "../src/api/types.ts";
import { page } from "./support/http.ts";
import { Node } from "./support/lab.ts";
import { skipped } from "./support/needs.ts";
import { OWNER } from "./support/server.ts";
import { stepsOf } from "./support/steps.ts";
import { until, WHOLE } from "./support/time.ts";

const UNIT = "steward.service";
const DATA = "/var/lib/steward";
const PORT = 8090;

/** Promise of the unit: `systemd-analyze security` gives it at most this. */
const MOST_EXPOSED = 2.0;

/** What systemd and the kernel say of the unit on a node. */
class Unit {
  readonly node: Node;

  constructor(node: Node) {
    this.node = node;
  }

  show(property: string): Promise<string> {
    return this.node.good(["systemctl", "show", "--value", "--property", property, UNIT]);
  }

  /** Waits until the server answers; what it logged tells why it does not. */
  async answers(): Promise<void> {
    const healthy = async () => (await this.node.run(["steward", "health"])).code === 0;
    await until("the server to answer", healthy).catch(async (error: unknown) => {
      throw new Error(`${String(error)}\n${await this.journal()}`);
    });
    assert.equal(await this.show("ActiveState"), "active");
  }

  journal(): Promise<string> {
    return this.node.good(["journalctl", "--unit", UNIT, "--output", "cat", "--no-pager", "--lines", "200"]);
  }

  /** A line of `/proc/PID/status`. */
  async kernel(key: string): Promise<string> {
    const status = await this.node.good(["cat", `/proc/${await this.show("MainPID")}/status`]);
    return new RegExp(`^${key}:\\s*(.*)$`, "m").exec(status)?.[1] ?? "";
  }
}

/** C11, C10, H12: Steward runs unprivileged, under a unit that is hardened, and stays there whatever ends it. */
test("Steward as a service of systemd", { skip: skipped({ browser: false }), timeout: WHOLE }, async (t) => {
  const node = await Node.open("service");
  if (!node) {
    t.skip("needs a machine with systemd");
    return;
  }
  t.after(() => node.close());
  const unit = new Unit(node);
  const step = stepsOf(t);
  const apps = () => node.good(["docker", "ps", "--no-trunc", "--quiet", "--filter", "label=io.steward.deployment"]);
  let hello = "";

  await step("it is installed, and started", async () => {
    await node.good(["/src/scripts/install", "--program", "/opt/steward"]);
    assert.equal(
      (await node.run(["systemctl", "is-active", UNIT])).out.trim(),
      "inactive",
      "installing starts nothing",
    );
    await node.good(["systemctl", "enable", "--now", UNIT]);
    await unit.answers();
    assert.equal(await node.good(["systemctl", "is-active", UNIT]), "active");
    // Done again, it is an upgrade: what runs is not touched, what an admin has written stays.
    await node.good(["sh", "-c", "echo STEWARD_LOG=info >/etc/steward/steward.env"]);
    const pid = await unit.show("MainPID");
    await node.good(["/src/scripts/install", "--program", "/opt/steward"]);
    assert.equal(await unit.show("MainPID"), pid);
    assert.equal(await node.good(["cat", "/etc/steward/steward.env"]), "STEWARD_LOG=info");
  });

  await step("it is nobody, and can do nothing but its work", async () => {
    const pid = await unit.show("MainPID");
    const uid = await node.good(["id", "-u", "steward"]);
    assert.notEqual(uid, "0");
    assert.deepEqual((await unit.kernel("Uid")).split(/\s+/), [uid, uid, uid, uid]);
    assert.match(await node.good(["id", "-Gn", "steward"]), /\bdocker\b/);
    for (const set of ["CapEff", "CapPrm", "CapBnd", "CapInh", "CapAmb"]) {
      assert.match(await unit.kernel(set), /^0+$/, set);
    }
    assert.equal(await unit.kernel("NoNewPrivs"), "1");
    assert.equal(await unit.kernel("Seccomp"), "2");
    // The data is its own and nobody else's; everything else is read-only to it, even to root in its place.
    assert.equal(await node.good(["stat", "--format", "%a %U %G", DATA]), "700 steward steward");
    assert.equal(await node.good(["find", DATA, "-perm", "/077"]), "");
    for (const folder of ["/etc", "/usr", "/var/lib", "/etc/steward"]) {
      const written = await node.run(["nsenter", "--target", pid, "--mount", "touch", `${folder}/steward-was-here`]);
      assert.match(written.err, /Read-only file system/, folder);
    }
    await node.good(["nsenter", "--target", pid, "--mount", "touch", `${DATA}/here-it-may`]);
    await node.good(["rm", `${DATA}/here-it-may`]);
  });

  await step("systemd finds it hardly exposed", async () => {
    const judge = (most: number) =>
      node.run(["systemd-analyze", "security", "--no-pager", `--threshold=${most * 10}`, UNIT]);
    const { code, out } = await judge(MOST_EXPOSED);
    const score = Number(/exposure level for \S+ ([0-9.]+)/.exec(out)?.[1]);
    t.diagnostic(`systemd-analyze security: ${score}`);
    assert.equal(code, 0, out);
    assert.ok(score <= MOST_EXPOSED, out);
    assert.notEqual((await judge(score - 0.1)).code, 0, "the judgement is one");
  });

  await step("it deploys on the engine of its machine", async () => {
    // A program that was built without optimisation has its catalog beside its source, which is not there.
    await node.good(["install", "-d", "-o", "steward", "-g", "steward", `${DATA}/catalog`]);
    await node.good(["cp", "-r", "/src/catalog/hello", `${DATA}/catalog/`]);
    await node.good(["chown", "-R", "steward:", `${DATA}/catalog`]);
    const said = await unit.journal();
    const link = /^setup: (\S+)$/m.exec(said)?.[1];
    assert.ok(link, said);
    await node.good(["steward", "setup", "--url", link, "--user", OWNER.name, "--password-stdin"], OWNER.password);
    await until(
      "the catalog to be read",
      async () => (await node.run(["steward", "catalog", "show", "hello"])).code === 0,
    );
    await until("the engine to be seen", async () => {
      const status = JSON.parse(await node.good(["steward", "status", "--json"])) as { health: Health };
      return status.health.engine === "ok";
    });
    await node.good(["steward", "deploy", "hello", "--port", `8080/tcp=${PORT}`, "--yes"]);
    hello = await apps();
    assert.match(hello, /^[0-9a-f]{64}$/);
    assert.equal((await page(`http://${await node.address()}:${PORT}/`))?.status, 200);
  });

  await step("restarted by itself it is the same service", async () => {
    const pid = await unit.show("MainPID");
    const program = () => node.good(["readlink", `/proc/${pid}/exe`]);
    assert.equal(await program(), "/usr/bin/steward (deleted)", "an upgrade has put another in its place");
    await node.good(["steward", "self", "restart", "--yes"]);
    await unit.answers();
    assert.equal(await program(), "/usr/bin/steward", "the one that is installed now");
    assert.equal(await unit.show("MainPID"), pid);
    assert.equal(await unit.show("NRestarts"), "0");
    assert.equal(await unit.kernel("NoNewPrivs"), "1");
    // That it is another process is in its environment.
    const environment = await node.good(["cat", `/proc/${pid}/environ`]);
    assert.ok(environment.split("\0").includes(`LISTEN_PID=${pid}`));
  });

  await step("killed, it is started again, and nobody has to sign in", async () => {
    const pid = await unit.show("MainPID");
    await node.good(["kill", "-KILL", pid]);
    await until("another process", async () => !["0", pid].includes(await unit.show("MainPID")));
    await unit.answers();
    assert.equal(await unit.show("NRestarts"), "1");
    assert.match(await node.good(["steward", "apps", "list"]), /hello/);
    assert.equal(await apps(), hello);
  });

  await step("a host script may use sudo only with the drop-in that allows it", async () => {
    await node.good(["sh", "-c", "echo 'steward ALL=(root) NOPASSWD: /usr/bin/id -u' >/etc/sudoers.d/steward"]);
    await node.good(["tee", "/etc/steward/scripts/who"], "#!/bin/sh\necho I am $(sudo -n /usr/bin/id -u)\n");
    await node.good(["chmod", "755", "/etc/steward/scripts/who"]);
    const who = async () => {
      const { out, err } = await node.run(["steward", "scripts", "run", "who", "--yes"]);
      return out + err;
    };
    assert.match(await who(), /no new privileges/);
    const folder = "/etc/systemd/system/steward.service.d";
    await node.good([
      "install",
      "-D",
      "-m",
      "644",
      "/usr/share/doc/steward/with-sudo.conf",
      `${folder}/with-sudo.conf`,
    ]);
    await node.good(["systemctl", "daemon-reload"]);
    await node.good(["systemctl", "restart", UNIT]);
    await unit.answers();
    assert.match(await who(), /I am 0/);
    await node.good(["rm", "-r", folder]);
    await node.good(["systemctl", "daemon-reload"]);
    await node.good(["systemctl", "restart", UNIT]);
    await unit.answers();
  });

  await step("a database that no start can mend is not started over and over", async () => {
    await node.good(["systemctl", "stop", UNIT]);
    assert.equal(await unit.show("Result"), "success");
    assert.equal(await apps(), hello, "apps go on without it");
    await node.good(["cp", "--preserve", `${DATA}/steward.db`, "/root/whole.db"]);
    await node.good(["sh", "-c", `printf 'no database at all, and long enough' >${DATA}/steward.db`]);
    await node.run(["systemctl", "start", UNIT]);
    await until("it to give up", async () => (await unit.show("ActiveState")) === "failed");
    assert.equal(await unit.show("NRestarts"), "0");
    await node.good(["cp", "--preserve", "/root/whole.db", `${DATA}/steward.db`]);
    await node.good(["systemctl", "reset-failed", UNIT]);
    await node.good(["systemctl", "start", UNIT]);
    await unit.answers();
  });

  await step("removed, it leaves the data", async () => {
    await node.good(["steward", "apps", "remove", "hello", "--delete-data", "--confirm", "hello"]);
    assert.equal(await apps(), "");
    await node.good(["/src/scripts/install", "--remove"]);
    assert.notEqual((await node.run(["systemctl", "cat", UNIT])).code, 0);
    assert.notEqual((await node.run(["pgrep", "--uid", "steward"])).code, 0, "nothing of it runs");
    await node.good(["test", "-s", `${DATA}/steward.db`]);
    await node.good(["test", "-s", "/etc/steward/steward.env"]);
  });
});
