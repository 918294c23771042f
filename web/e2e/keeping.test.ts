// What Steward does by itself, what it forgets, whom it refuses, and scripts that root has put in place.
import assert from "node:assert/strict";
import { chmodSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { OperationDetail, ReconcilerStatus, ScriptsView } from "../src/api/types.ts";
import { runs } from "./support/processes.ts";
import { axe } from "./support/look.ts";
import { skipped } from "./support/needs.ts";
import { stepsOf } from "./support/steps.ts";
import { LONG, until, WHOLE } from "./support/time.ts";
import { visit } from "./support/visit.ts";

/** A folder that only root can write, with everything above it; the temporary folder is everybody's. */
const FOLDER = `/var/lib/steward-e2e-${process.pid}`;

function put(name: string, text: string, mode = 0o755): void {
  writeFileSync(join(FOLDER, name), text);
  chmodSync(join(FOLDER, name), mode);
}

const root = process.getuid?.() === 0;
const skip = skipped({ browser: true }) || (!root && "needs root, who alone can put a script in place");

/** P10, promise 5. */
test("scripts of root's are run by name, and leave nothing behind", { skip, timeout: WHOLE }, async (t) => {
  mkdirSync(FOLDER, { mode: 0o755 });
  t.after(() => rmSync(FOLDER, { recursive: true, force: true }));
  put(
    "count.sh",
    "#!/bin/sh\n# steward: title=Count to five\nfor i in 1 2 3 4 5; do echo number $i; sleep 0.3; done\n",
  );
  put("open.sh", "#!/bin/sh\n", 0o777);
  const deaf = "trap '' TERM\nsetsid --fork sleep 76543\nsleep 76544 &\nwhile :; do sleep 76545; done\n";
  put("deaf.sh", `#!/bin/bash\n# steward: deadline=2s\n${deaf}`);
  const { server, view } = await visit(t, ["--scripts-dir", FOLDER]);
  const { page } = view;
  const step = stepsOf(t, () => view.noErrors());
  await view.go("/devices");
  await view.signIn();
  const [device] = await server.get<{ id: string; name: string }[]>("/devices");
  assert.ok(device);
  const path = `/devices/${device.id}`;

  await step("each is listed, and what is refused says why", async () => {
    await view.go(path);
    await view.text("Count to five");
    await view.text(/others than root can write to it/);
    await axe(view, "the scripts of a device");
    await view.picture("scripts");
  });

  await step("one is run from its page, seen line by line, and is audited with its text's hash", async () => {
    await page.getByRole("button", { name: "Run count.sh", exact: true }).click();
    await view.text(`Run count.sh on ${device.name}?`);
    await page.getByRole("dialog").getByRole("button", { name: "Run count.sh" }).click();
    const id = await view.operation("Run script count.sh", "Done.");
    const { commands, plan } = await server.get<OperationDetail>(`/operations/${id}`);
    assert.equal(commands[0]?.output, "number 1\nnumber 2\nnumber 3\nnumber 4\nnumber 5\n");
    const [row] = await server
      .get<{ detail: { sha256?: string } }[]>("/audit?action=script.run&target=count.sh&limit=500")
      .then((rows) => rows.filter(({ detail }) => detail.sha256));
    assert.equal(row?.detail.sha256, plan.script?.sha256);
    await view.go(path);
    await page.getByRole("link", { name: "last run" }).waitFor();
  });

  await step("one that does not end is ended at its deadline with all that it started", async () => {
    const { code, err } = await server.run(["scripts", "run", "deaf.sh", "--yes"]);
    assert.equal(code, 6);
    assert.match(err, /took longer than 2 seconds/);
    for (const number of [76543, 76544, 76545]) assert.equal(runs(`sleep ${number}`), false, `sleep ${number}`);
  });

  await step("a kill in the middle: it is not run again, and says so", async () => {
    put("once.sh", `#!/bin/sh\necho ran >> ${FOLDER}/ran\nsleep 76546\n`);
    const body = { kind: "script.run", device_id: device.id, script: "once.sh" };
    const { id } = await server.submit("POST", "/operations", body);
    await until("the script to begin", async () => runs("sleep 76546"));
    await server.kill();
    await server.start();
    const { state, steps } = await server.rest(id);
    assert.equal(state, "rolled_back");
    assert.match(steps[0]?.undo_note ?? "", /cannot be undone/);
    assert.equal(runs("sleep 76546"), false, "what the killed server left behind is ended");
    await view.go(`/operations/${id}`);
    await view.text("It cannot be undone: what it did until then stays.");
    view.noErrors(/./);
    const { scripts } = await server.get<ScriptsView>(`${path}/scripts`);
    assert.equal(scripts.find(({ name }) => name === "ran")?.refused !== null, true);
  });
});

/** P9. */
test(
  "a development instance changes only what is marked",
  { skip: skipped({ browser: true }), timeout: WHOLE },
  async (t) => {
    const { server, view } = await visit(t, ["--development"]);
    const { page } = view;
    const step = stepsOf(t);
    await view.go("/");
    await view.signIn();
    const name = server.name("hello");

    await step("every page says so, and a deploy is refused", async () => {
      await view.text("Development instance.");
      const { code, err } = await server.run(["deploy", "hello", "--name", name, "--yes"]);
      assert.equal(code, 4);
      assert.match(err, /^error\[development_only\]/m);
      await axe(view, "a page of a development instance");
    });

    await step("once its device is marked, it works; without the mark it does not", async () => {
      await view.open("Devices");
      const [device] = await server.get<{ id: string }[]>("/devices");
      await view.go(`/devices/${device?.id}`);
      await view.button("Mark as a development device").click();
      await view.button("Take the mark away").waitFor();
      await server.deploy("hello", name);
      await view.button("Take the mark away").click();
      await view.button("Mark as a development device").waitFor();
      assert.equal((await server.run(["apps", "stop", name])).code, 4);
      await view.button("Mark as a development device").click();
      await view.button("Take the mark away").waitFor();
      await page.reload();
      await view.button("Take the mark away").waitFor();
    });
  },
);

/** R38, H11. */
test(
  "what is old is forgotten, by a task that says how it is",
  { skip: skipped({ browser: true }), timeout: WHOLE },
  async (t) => {
    const { server, view } = await visit(t);
    const { page } = view;
    const step = stepsOf(t, () => view.noErrors(/422/));
    await view.go("/settings/retention");
    await view.signIn();

    await step("the retention is changed on its page, within its bounds", async () => {
      await view.text("Remembered now");
      await axe(view, "the retention");
      await page.getByLabel("Output of commands, in days").fill("30");
      await view.text(/is forgotten for good/);
      await view.button("Save").click();
      await view.text("The retention is changed.");
      assert.match(await server.good(["retention"]), /^output {6}30 days$/m);
      const { status } = await server.api("PATCH", "/system/retention", { audit_days: 7 });
      assert.equal(status, 422);
    });

    await step("the task is woken on its page, which follows it", async () => {
      await view.go("/settings/tasks");
      await page.getByRole("button", { name: "Run now: retention" }).click();
      await view.text(/nothing is older than it has to be/, LONG);
      await axe(view, "the background tasks");
      await view.picture("tasks");
      const tasks = await server.get<ReconcilerStatus[]>("/reconcilers");
      assert.ok(tasks.every(({ failure }) => failure === null));
    });

    await step("an audit that somebody changed is not cut, which is a problem on Home", async () => {
      const { DatabaseSync } = await import("node:sqlite");
      await server.stop();
      const database = new DatabaseSync(join(server.data, "steward.db"));
      database.exec("UPDATE audit SET at = 1000 WHERE sequence <= 3");
      database.close();
      await server.start();
      await until("the task to fail", async () => {
        const tasks = await server.get<ReconcilerStatus[]>("/reconcilers");
        return tasks.find(({ name }) => name === "retention")?.failure;
      });
      await view.go("/");
      await view.text(/The background task retention failed: the audit is not as it was written, from row 1 on/);
      assert.match(await server.good(["status"]), /the background task retention failed/);
      view.noErrors(/./);
    });
  },
);
