// Somebody who is granted one app sees that one, and loses it with the grant.
import assert from "node:assert/strict";
import { test } from "node:test";
import { View } from "./support/browser.ts";
import { axe } from "./support/look.ts";
import { skipped } from "./support/needs.ts";
import { freePort } from "./support/ports.ts";
import { stepsOf } from "./support/steps.ts";
import { until, WHOLE } from "./support/time.ts";
import { visit } from "./support/visit.ts";

interface Operation {
  actor: string;
  state: string;
}

const GUEST = { name: "gina", password: "small grey cat" };

/** C3, C8, R12, R26, promise 12. */
test("a guest sees what is granted", { skip: skipped({ browser: true }), timeout: WHOLE }, async (t) => {
  const { server, browser, view } = await visit(t);
  const step = stepsOf(t);
  const { page } = view;
  const [photos, ledger] = [server.name("photos"), server.name("ledger")];
  for (const app of [photos, ledger]) await server.deploy("hello", app, { ports: { "8080/tcp": await freePort() } });
  const guest = await View.open(browser, server);

  await step("the owner makes an account that sees nothing, and grants it one app", async () => {
    await view.go("/settings/users");
    await view.signIn();
    await page.getByLabel("Name", { exact: true }).fill(GUEST.name);
    await page.getByLabel("First password", { exact: true }).fill(GUEST.password);
    await page.getByLabel("Role", { exact: true }).selectOption("guest");
    await view.button("Make the account").click();
    await view.button(`Grants of ${GUEST.name}`).click();
    await view.text(`Nothing is granted yet: ${GUEST.name} sees no app and no device.`);
    await page.getByLabel("On", { exact: true }).selectOption({ label: photos });
    await page.getByLabel("Role there").selectOption("operator");
    await view.button("Grant").click();
    await page
      .getByRole("list", { name: `Grants of ${GUEST.name}` })
      .getByText(photos)
      .waitFor();
    await axe(view, "the grants");
  });

  await step("the guest sees that app and no other", async () => {
    await guest.go("/apps");
    await guest.page.getByLabel("Name", { exact: true }).fill(GUEST.name);
    await guest.page.getByLabel("Password", { exact: true }).fill(GUEST.password);
    await guest.button("Sign in").click();
    await guest.page.getByRole("link", { name: photos }).first().waitFor();
    assert.equal(await guest.page.getByText(ledger).count(), 0);
    await guest.open("Home");
    await guest.page.getByRole("link", { name: photos }).first().waitFor();
    assert.equal(await guest.page.getByText(ledger).count(), 0);
    guest.noErrors(/401/);
    await guest.go(`/apps/${ledger}`);
    await guest.heading(ledger);
    await guest.text(/It may have been removed/);
    guest.noErrors(/404/);
  });

  await step("it may do there what was granted", async () => {
    await guest.go(`/apps/${photos}`);
    await guest.button("Restart").click();
    await until("the restart to be over", async () => {
      const [newest] = await server.get<Operation[]>("/operations?kind=deployment.restart");
      return newest?.actor === GUEST.name && newest.state === "succeeded";
    });
    assert.equal(await guest.button("Remove").count(), 0, "removing needs more than was granted, and says so");
    await guest.page.getByRole("button", { name: /Remove.*Your role, operator, does not allow this/ }).waitFor();
  });

  await step("a grant that is taken back is gone from the page within five seconds", async () => {
    await guest.go("/apps");
    await guest.page.getByRole("link", { name: photos }).first().waitFor();
    await guest.settle();
    await view.button(`Take back ${photos}`).click();
    await guest.page.getByRole("link", { name: photos }).first().waitFor({ state: "detached", timeout: 5000 });
  });
});
