// What is on a page stays true by itself: lines as they are written, and a server that goes and comes back.
import assert from "node:assert/strict";
import { test } from "node:test";
import { startBrowser, View } from "./support/browser.ts";
import { ask } from "./support/http.ts";
import { skipped } from "./support/needs.ts";
import { freePort } from "./support/ports.ts";
import { Server } from "./support/server.ts";
import { stepsOf } from "./support/steps.ts";
import { until, WHOLE } from "./support/time.ts";

/** What browsers write to the console by themselves while a server is away. */
const SILENCE = /ERR_CONNECTION|ERR_EMPTY_RESPONSE|ERR_INCOMPLETE|ERR_SOCKET|Failed to load resource|WebSocket/;

test("pages are live", { skip: skipped({ browser: true }), timeout: WHOLE }, async (t) => {
  const server = await Server.open();
  t.after(() => server.close());
  await server.claim();
  const browser = await startBrowser();
  t.after(() => browser.close());
  const app = server.name("hello");
  const port = await freePort();
  await server.deploy("hello", app, { ports: { "8080/tcp": port } });
  const first = await View.open(browser, server);
  await first.go(`/apps/${app}/logs`);
  await first.signIn();
  await first.heading(app);
  const second = await first.twin(browser, server);
  await second.go(`/apps/${app}/logs`);
  const views = [first, second];
  const step = stepsOf(t);

  /** The requests that a viewer's page shows, oldest first. */
  const requests = async ({ page }: View): Promise<string[]> => {
    const text = await page.getByRole("log", { name: `Lines of ${app}` }).innerText();
    return [...text.matchAll(/GET (\/line-\S+)/g)].map((found) => found[1] ?? "");
  };
  const write = async (line: string) => void (await ask(`http://127.0.0.1:${port}/line-${line}`));
  const bothShow = async (lines: string[]) => {
    const expected = lines.map((line) => `/line-${line}`);
    for (const view of views) {
      await until(`the line ${lines.at(-1)}`, async () => (await requests(view)).at(-1) === expected.at(-1));
      assert.deepEqual(await requests(view), expected);
    }
  };
  const connection = async (word: string) => {
    for (const view of views) await view.button(`Connection: ${word}`).waitFor();
  };

  await step("two viewers see the same lines, each once and in order", async () => {
    for (const view of views) await view.page.getByRole("log").getByText("listening on port 8080").waitFor();
    await connection("Live");
    for (const line of ["1", "2", "3"]) await write(line);
    await bothShow(["1", "2", "3"]);
    for (const view of views) view.noErrors();
  });

  await step("while the server is away, the pages say so and offer nothing", async () => {
    for (const { page } of views) {
      await page.evaluate(() => {
        // Gone with the first reload.
        Object.assign(globalThis, { neverReloaded: true });
      });
    }
    await server.kill();
    for (const view of views) {
      await view.page.getByRole("alert").filter({ hasText: "Steward cannot be reached." }).waitFor();
      await view.text("Not connected");
      const restart = view.page.getByRole("button", { name: /^Restart.*cannot be reached/ });
      assert.equal(await restart.getAttribute("aria-disabled"), "true");
    }
    await connection("Offline");
    assert.deepEqual(await requests(first), ["/line-1", "/line-2", "/line-3"], "what was seen stays");
    await write("while-away");
  });

  await step("when it is back, the pages go on without a reload, and nothing is missing or twice", async () => {
    await server.start();
    await connection("Live");
    for (const view of views) {
      await view.page.getByText("Steward cannot be reached.").waitFor({ state: "detached" });
      await view.button("Restart").waitFor();
      await view.text("The connection was lost here; what was missed follows, as far as it is kept.");
    }
    await write("after");
    await bothShow(["1", "2", "3", "while-away", "after"]);
    for (const view of views) {
      assert.ok(await view.page.evaluate(() => "neverReloaded" in globalThis), "the page was not reloaded");
      view.noErrors(SILENCE);
    }
  });

  await step("a change that somebody else makes is seen by itself", async () => {
    await first.tab(app, "Overview");
    await first.page.getByRole("heading", { name: "It runs as it should." }).waitFor();
    await server.good(["apps", "stop", app]);
    await first.page.getByRole("heading", { name: "It was stopped on purpose. Its data stays." }).waitFor();
    for (const view of views) view.noErrors();
  });
});
