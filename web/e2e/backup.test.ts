// Steward's own state: backed up while an app runs, lost, put back; here, and on another machine.
import assert from "node:assert/strict";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { Backups, DeploymentView, Operation, User } from "../src/api/types.ts";
import { axe } from "./support/look.ts";
import { skipped } from "./support/needs.ts";
import { launch } from "./support/program.ts";
import { stepsOf } from "./support/steps.ts";
import { until, WHOLE } from "./support/time.ts";
import { visit } from "./support/visit.ts";

interface Row {
  action: string;
  detail: { backup: string };
}

/** Issue 3: nothing lost; promises 1 and 4, R33, R34, R43. */
test("a backup brings everything back", { skip: skipped({ browser: true }), timeout: WHOLE }, async (t) => {
  const { server, view } = await visit(t);
  const { page } = view;
  const step = stepsOf(t);
  const app = server.name("backup");
  let backup = "";
  let key = "";
  const before = { apps: [] as DeploymentView[], compose: "", settings: {} as unknown };

  const look = async () => ({
    apps: await server.get<DeploymentView[]>("/deployments"),
    compose: readFileSync(join(server.data, "projects", `steward-${app}`, "compose.yaml"), "utf8"),
    settings: await server.get<{ settings: unknown }>(`/deployments/${app}/config`).then((config) => config.settings),
  });
  const containers = (apps: DeploymentView[]) => apps.flatMap((one) => one.services.map((service) => service.name));

  await step("it is made and its key kept by the page", async () => {
    await server.deploy("hello", app, { settings: { greeting: "Before" } });
    Object.assign(before, await look());
    await view.go("/settings/backups");
    await view.signIn();
    await view.text("There is no good backup of Steward yet.");
    await view.button("Back up now").click();
    const listed = await until("a good backup", async () => {
      const all = await server.get<Backups>("/system/backups");
      return all.latest_good_at !== null && all;
    });
    backup = join(listed.folder, listed.backups[0]?.name ?? "");
    assert.ok(existsSync(backup));
    await page
      .getByRole("list", { name: "Backups" })
      .getByText(listed.backups[0]?.name ?? "")
      .waitFor();
    await axe(view, "the backups");
    await view.button("Show the key").click();
    const dialog = page.getByRole("dialog");
    key = (await dialog.locator("pre").textContent()) ?? "";
    assert.match(key, /^AGE-SECRET-KEY-1[0-9A-Z]+$/m);
    await axe(view, "the key");
    await dialog.getByRole("button", { name: "I saved it" }).click();
    await dialog.waitFor({ state: "hidden" });
    assert.equal((await server.get<Backups>("/system/backups")).key_saved, true);
  });

  await step("while the server runs nothing is restored", async () => {
    const { code, err } = await server.run(["self", "restore", backup, "--data-dir", server.data, "--yes"]);
    assert.equal(code, 10, err);
    assert.equal((await server.run(["self", "check", backup, "--data-dir", server.data])).code, 0);
  });

  await step("what came later is gone after a restore, and what was there is there", async () => {
    const { id } = await server.submit("PATCH", `/deployments/${app}`, { settings: { greeting: "After" } });
    assert.equal((await server.rest(id)).state, "succeeded");
    await server.good(["users", "add", "later", "--role", "viewer", "--password-stdin"], "tall brown dog");
    await server.stop();
    await server.good(["self", "restore", backup, "--data-dir", server.data, "--yes"]);
    await server.start();
    assert.equal((await server.api("GET", "/deployments")).status, 401, "sessions of the backup have ended");
    await server.signIn();
    const after = await look();
    assert.equal(after.compose, before.compose);
    assert.deepEqual(after.settings, before.settings);
    assert.deepEqual(containers(after.apps), containers(before.apps));
    const users = await server.get<User[]>("/users");
    assert.deepEqual(
      users.map(({ name }) => name),
      ["anna"],
    );
    const rows = await server.get<Row[]>("/audit?action=steward.restore");
    assert.equal(rows.length, 1);
    assert.ok(backup.endsWith(rows[0]?.detail.backup ?? "?"));
    await server.good(["audit", "verify"]);
    assert.ok(existsSync(backup), "the backup itself is still there");
    const kept = readdirSync(server.data).filter((name) => name.startsWith("before-restore-"));
    assert.equal(kept.length, 1);
    assert.ok(existsSync(join(server.data, kept[0] ?? "", "steward.db")));
  });

  await step("the app goes on being managed", async () => {
    const all = await server.allAtRest();
    assert.ok(all.every(({ state }: Operation) => state !== "needs_attention"));
    const { id } = await server.submit("POST", `/deployments/${app}/restart`);
    assert.equal((await server.rest(id)).state, "succeeded");
  });

  await step("killed thirty times while it restores, there is one state or the other", async () => {
    await server.stop();
    const marker = join(server.data, "catalog", "marker");
    const begun = performance.now();
    await server.good(["self", "restore", backup, "--data-dir", server.data, "--yes"]);
    const whole = performance.now() - begun;
    let [finished, returned] = [0, 0];
    for (let round = 0; round < 30; round += 1) {
      mkdirSync(join(server.data, "catalog"), { recursive: true });
      writeFileSync(marker, `${round}`);
      const child = launch(["self", "restore", backup, "--data-dir", server.data, "--yes"], join(server.data, "none"));
      // From the first instruction to after the last one, as long as it takes here.
      setTimeout(() => child.kill("SIGKILL"), (whole * 1.4 * round) / 29);
      await new Promise((resolve) => child.on("close", resolve));
      await server.start();
      await server.good(["login", "--url", server.url, "--user", "anna", "--password-stdin"], "tall brown dog");
      const restored = (await server.get<Row[]>("/audit?action=steward.restore")).length;
      await server.good(["audit", "verify"]);
      await server.stop();
      const olds = readdirSync(server.data).filter((name) => name.startsWith("before-restore-"));
      const isOld = existsSync(marker);
      const isKept = olds.some((name) => {
        const file = join(server.data, name, "catalog", "marker");
        return existsSync(file) && readFileSync(file, "utf8") === `${round}`;
      });
      assert.notEqual(isOld, isKept, `round ${round}: the state from before is in one place`);
      assert.ok(restored > 0);
      if (isOld) returned += 1;
      else finished += 1;
      for (const name of olds) rmSync(join(server.data, name), { recursive: true });
      assert.ok(!existsSync(join(server.data, "restore.json")) && !existsSync(join(server.data, "restore.staging")));
    }
    t.diagnostic(`${finished} restores were finished, ${returned} returned to the state from before`);
    assert.ok(finished > 0 && returned > 0);
    await server.start();
    await server.signIn();
  });

  await step("another machine has it all with the file and the key", async () => {
    const there = mkdtempSync(join(tmpdir(), "steward-e2e-"));
    t.after(() => rmSync(there, { recursive: true, force: true }));
    const [file, kept] = [join(there, "carried.tar.age"), join(there, "kept.key")];
    cpSync(backup, file);
    writeFileSync(kept, key);
    await server.stop();
    await server.good(["self", "restore", file, "--key", kept, "--data-dir", join(there, "data"), "--yes"]);
    // The same port and engine, with the data of the other machine.
    rmSync(server.data, { recursive: true });
    cpSync(join(there, "data"), server.data, { recursive: true });
    await server.start();
    await server.signIn();
    const after = await look();
    assert.equal(after.compose, before.compose);
    assert.deepEqual(after.settings, before.settings);
    const { id } = await server.submit("POST", "/system/backups");
    assert.equal((await server.rest(id)).state, "succeeded");
  });
});
