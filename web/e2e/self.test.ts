// Steward restarts itself: the page stays, the apps too, and the new process says that it is there.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import type { Container, DeploymentView, DeviceView } from "../src/api/types.ts";
import { axe } from "./support/look.ts";
import { skipped } from "./support/needs.ts";
import { freePort } from "./support/ports.ts";
import { stepsOf } from "./support/steps.ts";
import { until, WHOLE } from "./support/time.ts";
import { visit } from "./support/visit.ts";

/** What browsers write to the console by themselves while a server is away. */
const SILENCE = /ERR_CONNECTION|ERR_EMPTY_RESPONSE|ERR_INCOMPLETE|ERR_SOCKET|Failed to load resource|WebSocket/;

interface Restart {
  steps: { intent: { replaces: { boot: string; pid: number } } }[];
}

/** Issue 3: an operation that restarts Steward is finished by the new process. */
test("Steward restarts itself", { skip: skipped({ browser: true }), timeout: WHOLE }, async (t) => {
  const { server, view } = await visit(t);
  const { page } = view;
  const step = stepsOf(t);
  const app = server.name("restart");
  const pid = server.pid;
  await server.deploy("hello", app);

  const containers = async () => {
    const [device] = await server.get<DeviceView[]>("/devices");
    const all = await server.get<Container[]>(`/devices/${device?.id}/containers`);
    return all.filter(({ name }) => name.includes(app)).map(({ id, name }) => ({ id, name }));
  };
  const before = await containers();
  assert.equal(before.length, 1);
  let boot = "";

  await step("the page asks for it, stays, and shows what came of it", async () => {
    await view.go("/settings/backups");
    await view.signIn();
    await page.evaluate(() => {
      // Gone with the first reload.
      Object.assign(globalThis, { neverReloaded: true });
    });
    await view.button("Restart Steward").click();
    const dialog = page.getByRole("dialog", { name: "Restart Steward" });
    await dialog.getByText("can be started").waitFor();
    await axe(view, "the plan of a restart");
    await dialog.getByRole("button", { name: "Restart Steward" }).click();
    const id = await view.operation("Restart steward", "Done.");
    assert.ok(await page.evaluate(() => "neverReloaded" in globalThis), "the page was not reloaded");
    await axe(view, "the finished restart");
    view.noErrors(SILENCE);
    const { steps } = await server.get<Restart>(`/operations/${id}`);
    const replaced = steps[0]?.intent.replaces;
    assert.equal(replaced?.pid, pid);
    boot = replaced?.boot ?? "";
    // The number stays; that the process is another one is in its environment.
    const environment = readFileSync(`/proc/${pid}/environ`, "utf8").split("\0");
    assert.ok(environment.includes(`LISTEN_PID=${pid}`));
  });

  await step("the page is live again, and the app was not touched", async () => {
    await view.button("Connection: Live").waitFor();
    assert.deepEqual(await containers(), before);
    const seen = await until("the app to be seen", async () => {
      const now = await server.get<DeploymentView>(`/deployments/${app}`);
      return now.state === "running" && now;
    });
    assert.equal(seen.name, app);
  });

  await step("in the middle of a deploy, it leaves nothing half done", async () => {
    const other = server.name("half");
    const deploy = await server.submit("POST", "/applications/hello/deploy", {
      name: other,
      ports: { "8080/tcp": await freePort() },
    });
    const restart = await server.submit("POST", "/operations", { kind: "steward.restart" });
    const ended = await server.rest(restart.id);
    assert.equal(ended.state, "succeeded");
    const { replaces } = (ended as unknown as Restart).steps[0]?.intent ?? { replaces: { boot: "" } };
    assert.notEqual(replaces.boot, boot);
    const { state } = await server.rest(deploy.id);
    t.diagnostic(`the deploy ${state}`);
    assert.ok(state === "rolled_back" || state === "succeeded", state);
    const apps = await server.get<DeploymentView[]>("/deployments");
    assert.equal(
      apps.some(({ name }) => name === other),
      state === "succeeded",
    );
    await server.good(["audit", "verify"]);
  });
});
