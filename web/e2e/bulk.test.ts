// Many apps at once: one request, one result for each.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { DeploymentView, OperationDetail } from "../src/api/types.ts";
import { container } from "./support/docker.ts";
import { web } from "./support/entries.ts";
import { axe } from "./support/look.ts";
import { skipped } from "./support/needs.ts";
import { freePort } from "./support/ports.ts";
import { stepsOf } from "./support/steps.ts";
import { WHOLE } from "./support/time.ts";
import { visit } from "./support/visit.ts";

/** C4, M7. */
test("many apps at once", { skip: skipped({ browser: true }), timeout: WHOLE }, async (t) => {
  const { server, view } = await visit(t);
  const { page } = view;
  const step = stepsOf(t, () => view.noErrors());
  const [one, two, sick] = [server.name("one"), server.name("two"), server.name("sick")];
  const began = async (name: string) => (await container(name)).State.StartedAt;

  await step("three apps run", async () => {
    for (const name of [one, two, sick]) {
      await server.entry(name, web({ image: "steward/web:1", port: await freePort(), within: 6 }));
      await server.deploy(name, name);
    }
    await view.go("/apps");
    await view.signIn();
  });

  await step("chosen apps are restarted from the list, after their plan was shown", async () => {
    const before = [await began(one), await began(two), await began(sick)];
    await page.getByRole("checkbox", { name: `Choose ${one}`, exact: true }).check();
    await page.getByRole("checkbox", { name: `Choose ${two}`, exact: true }).check();
    await view.text("2 apps chosen");
    await view.button("Restart chosen").click();
    await view.text("Restart 2 apps");
    await axe(view, "the plan for many");
    await page.getByRole("dialog").getByRole("button", { name: "Restart 2 apps" }).click();
    await view.operation("Restart 2 apps", "Done.");
    const results = page.getByRole("list", { name: "Result for each app" }).getByRole("listitem");
    assert.deepEqual((await results.allTextContents()).sort(), [`${one}Done`, `${two}Done`].sort());
    await axe(view, "an operation on many");
    const after = [await began(one), await began(two), await began(sick)];
    assert.ok(after[0] !== before[0] && after[1] !== before[1], "both began anew");
    assert.equal(after[2], before[2], "the one that was not chosen runs on");
  });

  await step("the list of operations shows it once, and its parts on its page", async () => {
    await view.go("/activity");
    await page.getByRole("link", { name: "Restart 2 apps" }).waitFor();
    assert.equal(await page.getByRole("link", { name: `Restart ${one}` }).count(), 0);
  });

  await step("one that fails hides no other, and is tried again alone", async () => {
    // An update that cannot get healthy for one, and a good one for the others.
    const ports = new Map(
      (await server.get<DeploymentView[]>("/deployments")).map((app) => [app.name, app.links[0]?.url]),
    );
    const port = (name: string) => Number(new URL(ports.get(name) ?? "").port);
    await server.entry(sick, web({ image: "steward/web:exits", port: port(sick), within: 6 }));
    await server.entry(one, web({ image: "steward/web:2", port: port(one), within: 6 }));
    const refused = await server.run(["apps", "update", "--all", "--yes"]);
    assert.equal(refused.code, 7, refused.err);
    assert.match(refused.err, /1 of 3 apps did not succeed/);
    const [bulk] = await server.get<OperationDetail[]>("/operations?kind=deployment.bulk&state=needs_attention");
    assert.ok(bulk);
    const detail = await server.get<OperationDetail>(`/operations/${bulk.id}`);
    const states = Object.fromEntries(detail.targets.map((target) => [target.name, [target.state, target.changed]]));
    assert.deepEqual(states, {
      [one]: ["succeeded", true],
      [two]: ["succeeded", false],
      [sick]: ["rolled_back", true],
    });
    await view.go(`/operations/${bulk.id}`);
    await view.text("What is done stays done.");
    await server.entry(sick, web({ image: "steward/web:2", port: port(sick), within: 6 }));
    await view.button("Try those again").click();
    await view.text("Done.");
    const again = await server.get<OperationDetail>(`/operations/${bulk.id}`);
    assert.deepEqual(
      again.targets.map(({ state }) => state),
      ["succeeded", "succeeded", "succeeded"],
    );
    const kept = (targets: OperationDetail["targets"]) => targets.find(({ name }) => name === one)?.operation_id;
    assert.equal(kept(again.targets), kept(detail.targets), "what was done was not done again");
  });

  await step("the CLI plans for many, and says which name it does not know", async () => {
    const plan = await server.good(["apps", "stop", one, two, "--plan"]);
    assert.ok(plan.includes(one) && plan.includes(two), plan);
    const unknown = await server.run(["apps", "stop", one, "nobody"]);
    assert.equal(unknown.code, 3, unknown.err);
  });
});
