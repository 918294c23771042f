// The whole job of an owner, in a browser on a real engine: from the set-up link to the removal.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { DeploymentView, SessionInfo } from "../src/api/types.ts";
import { startBrowser, View } from "./support/browser.ts";
import { labelled, named } from "./support/docker.ts";
import { web } from "./support/entries.ts";
import { ask, page as answerOf } from "./support/http.ts";
import { axe } from "./support/look.ts";
import { skipped } from "./support/needs.ts";
import { freePort } from "./support/ports.ts";
import { OWNER, Server } from "./support/server.ts";
import { stepsOf } from "./support/steps.ts";
import { LONG, until, WHOLE } from "./support/time.ts";

const GREETING = "Hello from Steward";
const OTHER_GREETING = "Good morning from the tests";

test("the whole job in a browser", { skip: skipped({ browser: true }), timeout: WHOLE }, async (t) => {
  const server = await Server.open();
  t.after(() => server.close());
  const browser = await startBrowser();
  t.after(() => browser.close());
  const view = await View.open(browser, server);
  const { page, main } = view;
  const app = server.name("hello");
  const port = await freePort();
  const link = `http://127.0.0.1:${port}`;
  const step = stepsOf(t, () => view.noErrors());
  const shown = () => server.get<DeploymentView>(`/deployments/${app}`);
  const says = (greeting: string) =>
    until(`the app to say “${greeting}”`, async () => (await answerOf(link))?.text.includes(greeting));

  await step("the set-up link makes the owner's account, once", async () => {
    await view.go(server.setup);
    await view.heading("Set up Steward");
    await view.text("The set-up code came with the address.");
    await axe(view, "set-up");
    await view.picture("setup");
    await page.getByLabel("Name", { exact: true }).fill(OWNER.name);
    await page.getByLabel("Password", { exact: true }).fill(OWNER.password);
    await view.button("Create the account").click();
    await view.heading("All good. 1 device, no apps yet.");
    assert.equal(new URL(page.url()).hash, "", "the code does not stay in the address");
    for (const path of ["/setup", "/api/v1/setup"]) {
      assert.equal((await ask(server.url + path)).status, 404, `${path} once there is an owner`);
    }
    await server.signIn();
  });

  await step("the first visit says what to do", async () => {
    await view.text("Your account is made.");
    await view.text(/ is ready to run apps\.$/);
    await main.getByRole("link", { name: "Hello", exact: true }).waitFor();
  });

  await step("the catalog is searched", async () => {
    await view.open("Catalog");
    await view.heading("Catalog");
    const entries = main.getByRole("listitem");
    await until("the whole catalog", async () => (await entries.count()) > 20);
    await page.getByRole("searchbox", { name: "Search by name or purpose" }).fill("greets");
    await until("one entry to be left", async () => (await entries.count()) === 1);
    await main.getByRole("link", { name: "Hello", exact: true }).click();
    await view.heading("Deploy Hello");
  });

  await step("the plan is shown before anything is done", async () => {
    await page.getByLabel("Name", { exact: true }).fill(app);
    await page.getByLabel("Web port", { exact: true }).fill(String(port));
    await view.text(new RegExp(`port ${port}/tcp is free$`));
    await view.button(`Deploy ${app}`).waitFor();
    await page.getByRole("tab", { name: "Files", exact: true }).click();
    const compose = await page.getByLabel("compose.yaml", { exact: true }).innerText();
    assert.ok(compose.includes(`name: steward-${app}`) && compose.includes(`${port}:8080/tcp`), compose);
    assert.ok(compose.includes(GREETING), compose);
    await page.getByRole("tab", { name: "Commands", exact: true }).click();
    await view.text(new RegExp(`^docker compose -p steward-${app} .* up --detach`));
    assert.deepEqual(await server.get("/deployments"), [], "a plan changes nothing");
    assert.deepEqual(named(await labelled([app])), []);
  });

  await step("deploying is followed to its end", async () => {
    await view.button(`Deploy ${app}`).click();
    await view.operation(`Deploy ${app}`, `${app} runs.`);
    for (const label of ["Validating", "Preparing", "Deploying", "Configuring", "Health check", "Running"]) {
      await main.getByText(label, { exact: true }).first().waitFor();
    }
    await view.text(/^exit 0, /);
  });

  await step("the app is open under its link", async () => {
    await page.getByRole("link", { name: `Go to ${app}`, exact: true }).click();
    await view.heading(app);
    await page.getByRole("heading", { name: "It runs as it should." }).waitFor();
    assert.equal(await page.getByRole("link", { name: "Open", exact: true }).getAttribute("href"), link);
    assert.equal((await ask(link)).status, 200);
    await says(GREETING);
  });

  await step("its log is live", async () => {
    await view.tab(app, "Logs");
    const log = page.getByRole("log", { name: `Lines of ${app}` });
    await log.getByText("listening on port 8080").waitFor();
    await view.text("Following");
    await ask(`${link}/asked-while-following`);
    await log.getByText("GET /asked-while-following HTTP/1.1").waitFor();
    await page.getByRole("searchbox", { name: "Filter lines, -word leaves out" }).fill("listening");
    await log.getByText("GET /asked-while-following").waitFor({ state: "detached" });
  });

  await step("a changed setting is reviewed as a diff, then applied", async () => {
    await view.tab(app, "Config");
    await page.getByLabel(/^Greeting/).fill(OTHER_GREETING);
    await view.text("1 changed");
    await view.button("Review changes").click();
    const diff = page.getByRole("region", { name: "Differences in compose.yaml" });
    await diff.getByText(OTHER_GREETING).waitFor();
    await diff.getByText(GREETING).waitFor();
    assert.equal((await shown()).revision, 1, "a review changes nothing");
    await view.button("Save and apply").click();
    await view.operation(`Update ${app}`, `${app} runs.`);
    await says(OTHER_GREETING);
  });

  await step("the history leads back to the first revision", async () => {
    await view.open("Apps");
    await main.getByRole("link", { name: app, exact: true }).click();
    await view.tab(app, "History");
    const revisions = main.getByText(/^Revision \d+$/);
    await revisions.first().waitFor();
    assert.deepEqual(await revisions.allTextContents(), ["Revision 2", "Revision 1"]);
    await view.button("Roll back to 1").click();
    await view.button("Roll back to revision 1").click();
    await view.operation(`Roll back ${app}`, `${app} runs.`);
    await says(GREETING);
  });

  await step("files and commands are there to be read", async () => {
    await page.getByRole("link", { name: `Go to ${app}`, exact: true }).click();
    await view.tab(app, "Files & commands");
    await page.locator("pre").filter({ hasText: "services:" }).first().waitFor();
    await view.text(/^docker compose .* up --detach/);
  });

  await step("it is stopped, started and restarted", async () => {
    await view.tab(app, "Overview");
    await view.button("Stop").click();
    await view.button(`Stop ${app}`).click();
    await page.getByRole("heading", { name: "It was stopped on purpose. Its data stays." }).waitFor({ timeout: LONG });
    assert.equal(await answerOf(link), undefined, "a stopped app does not answer");
    await view.button("Start").click();
    await page.getByRole("heading", { name: "It runs as it should." }).waitFor({ timeout: LONG });
    await says(GREETING);
    const before = (await shown()).services[0]?.started_at;
    await view.button("Restart").click();
    const restarted = async () => {
      const { busy, services } = await shown();
      return !busy && services[0]?.state === "running" && services[0].started_at !== before;
    };
    await until("another start of the container", restarted, LONG);
    await says(GREETING);
  });

  await step("the activity lists all of it, and the audit says who", async () => {
    await view.open("Activity");
    for (const verb of ["Deploy", "Update", "Roll back", "Stop", "Start", "Restart"]) {
      await main.getByRole("link", { name: `${verb} ${app}`, exact: true }).waitFor();
    }
    await page.getByRole("link", { name: "Audit", exact: true }).click();
    const row = main.getByRole("listitem").filter({ hasText: "deployment.rollback" }).filter({ hasText: "Accepted" });
    assert.match(await row.innerText(), new RegExp(`${OWNER.name} deployment.rollback ${app}`));
  });

  await step("a token is made, shown once, and works", async () => {
    await view.open("Settings");
    await page.getByRole("navigation", { name: "Settings" }).getByRole("link", { name: "API tokens" }).click();
    await page.getByLabel("Name", { exact: true }).fill("nightly backup");
    await view.button("Make a token").click();
    const secret = await main.locator("code").filter({ hasText: /^stw_/ }).innerText();
    const headers = { authorization: `Bearer ${secret.trim()}` };
    const answer = await ask(`${server.url}/api/v1/session`, { headers });
    assert.equal((JSON.parse(answer.text) as SessionInfo).via, "token", answer.text);
    await view.button("I have saved it").click();
    await page.reload();
    await view.text("nightly backup");
    assert.ok(!(await page.content()).includes(secret.trim()), "the token is not shown again");
  });

  await step("signing out closes the door, signing in leads back to where one was", async () => {
    await view.button("Account").click();
    await page.getByRole("menuitem", { name: "Sign out" }).click();
    await view.heading("Sign in");
    await view.go("/activity");
    await axe(view, "sign-in");
    await view.signIn();
    await view.heading("Activity");
    // The page before may still have asked for something when the session ended.
    view.noErrors(/401|WebSocket/);
  });

  await step("removing takes everything of the app from the engine", async () => {
    await view.open("Apps");
    await main.getByRole("link", { name: app, exact: true }).click();
    await view.button("Remove").click();
    const dialog = page.getByRole("dialog", { name: `Remove ${app}` });
    await dialog.getByText("It has no data of its own.").waitFor();
    await dialog.getByRole("button", { name: `Remove ${app}`, exact: true }).click();
    await view.operation(`Remove ${app}`, "Done.");
    assert.deepEqual(named(await labelled([app])), []);
    assert.equal(await answerOf(link), undefined);
  });

  await step("data goes only after its app's name is typed", async () => {
    const keeper = server.name("keeper");
    await server.entry("web", web({ image: "steward/web:1", port: await freePort() }));
    await server.deploy("web", keeper);
    await view.go(`/apps/${keeper}`);
    await view.button("Remove").click();
    const dialog = page.getByRole("dialog", { name: `Remove ${keeper}` });
    await dialog.getByLabel("Also delete its data (1 volume)", { exact: true }).check();
    const remove = dialog.getByRole("button", { name: `Remove ${keeper} and delete its data`, exact: true });
    await dialog.getByLabel(`Type ${keeper} to confirm`, { exact: true }).fill("something else");
    assert.equal(await remove.count(), 0, "it cannot be pressed before the name is typed");
    await axe(view, "removing with data");
    await dialog.getByLabel(`Type ${keeper} to confirm`, { exact: true }).fill(keeper);
    await remove.click();
    await view.operation(`Remove ${keeper}`, "Done.");
    await until("the volume's end", async () => (await labelled([keeper])).length === 0);
    const [last] = await server.allAtRest();
    assert.deepEqual([last?.kind, last?.state], ["volume.delete", "succeeded"]);
    await view.open("Home");
    await view.heading("All good. 1 device, no apps yet.");
  });
});
