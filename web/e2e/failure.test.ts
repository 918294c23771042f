// What goes wrong is undone, explained, and touches nothing else.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { DeploymentView } from "../src/api/types.ts";
import { container, labelled, named } from "./support/docker.ts";
import { BROKEN, web } from "./support/entries.ts";
import { page as answerOf } from "./support/http.ts";
import { axe } from "./support/look.ts";
import { skipped } from "./support/needs.ts";
import { freePort, hold } from "./support/ports.ts";
import { stepsOf } from "./support/steps.ts";
import { until, WHOLE } from "./support/time.ts";
import { visit } from "./support/visit.ts";

const UNDONE = "Everything was undone. Nothing changed.";
const STEPS = ["Validating", "Preparing", "Deploying", "Configuring", "Health check"];

interface Bad {
  what: string;
  slug: string;
  image: string;
  /** The step that fails. */
  step: string;
  /** What the page has to say about the cause. */
  why: RegExp[];
}

const ALL_BAD: Bad[] = [
  {
    what: "an image that is missing",
    slug: "gone",
    image: "steward/web:missing",
    step: "Preparing",
    why: [/steward\/web:missing/, /not found|unknown/i],
  },
  {
    what: "a health check that never turns green",
    slug: "sick",
    image: "steward/web:sick",
    step: "Health check",
    why: [/not healthy after 6 s/, /running, but not listening/],
  },
  {
    what: "a container that ends at once",
    slug: "exits",
    image: "steward/web:exits",
    step: "Health check",
    why: [/exit code 1|ends again and again/, /cannot start: this image always fails/],
  },
];

test("what fails is undone and explained", { skip: skipped({ browser: true }), timeout: WHOLE }, async (t) => {
  const { server, view } = await visit(t);
  const { page, main } = view;
  const step = stepsOf(t, () => view.noErrors());

  const keep = server.name("keep");
  const port = await freePort();
  const answers = async () => {
    const answer = await answerOf(`http://127.0.0.1:${port}`);
    return answer?.text.includes("This is version 1.") ?? false;
  };
  const apps = async () => (await server.get<DeploymentView[]>("/deployments")).map(({ name }) => name);

  /** The page of an operation that was undone: which step, why, and what was undone, last first. */
  const explains = async (failing: string, why: RegExp[]) => {
    const alert = main.getByRole("alert");
    const said = (await alert.textContent()) ?? "";
    assert.ok(said.includes(`It failed at “${failing}”.`), said);
    for (const pattern of why) assert.match(said, pattern);
    const undone = await page.getByRole("list", { name: "What was undone" }).getByRole("listitem").allTextContents();
    const lastFirst = STEPS.slice(0, STEPS.indexOf(failing) + 1).reverse();
    const names = undone.map((text) => text.split(" (")[0]);
    assert.deepEqual(names, lastFirst, undone.join("\n"));
    await view.text(/^Failed, then undone/);
    await main.getByText("Rolled back", { exact: true }).first().waitFor();
    return undone;
  };

  await step("one app is well", async () => {
    await server.entry("web", web({ image: "steward/web:1", port }));
    await server.deploy("web", keep);
    assert.ok(await answers());
    await view.go("/login");
    await view.signIn();
  });

  for (const { what, slug, image, step: failing, why } of ALL_BAD) {
    await step(`${what} leaves nothing behind`, async () => {
      const before = await container(keep);
      const name = server.name(slug);
      await server.entry(slug, web({ image, port: await freePort(), within: 6 }));
      await view.go(`/deploy/${slug}`);
      await page.getByLabel("Name", { exact: true }).fill(name);
      await view.button(`Deploy ${name}`).click();
      const id = await view.operation(`Deploy ${name}`, UNDONE);
      await explains(failing, why);
      await axe(view, `${what}: its operation`);
      assert.equal((await server.rest(id)).state, "rolled_back");
      assert.deepEqual(named(await labelled([name])), [], "nothing of it is left on the engine");
      assert.deepEqual(await apps(), [keep]);
      const after = await container(keep);
      assert.deepEqual([after.Id, after.State], [before.Id, before.State], "what was there runs on, untouched");
      assert.ok(await answers());
    });
  }

  await step("after an update that fails, the revision before is back", async () => {
    await server.entry("web", web({ image: "steward/web:exits", port }));
    await view.go(`/apps/${keep}/config`);
    await view.text("The catalog's newer definition would be taken.");
    await view.button("Review changes").click();
    await view.button("Save and apply").click();
    await view.operation(`Update ${keep}`, UNDONE);
    const undone = await explains("Health check", [/cannot start: this image always fails/]);
    assert.match(undone.join("\n"), /revision 1 is back/);
    await until("the revision before to answer", answers);
    const app = await server.get<DeploymentView>(`/deployments/${keep}`);
    assert.deepEqual([app.revision, app.services[0]?.image], [1, "steward/web:1"]);
    await server.entry("web", web({ image: "steward/web:1", port }));
  });

  await step("a port that is taken is named with its owner, and mended with one press", async () => {
    const name = server.name("second");
    const field = page.getByLabel("Web port", { exact: true });
    const mend = page.getByRole("button", { name: /^Use \d+$/ });
    await view.go("/deploy/web");
    await page.getByLabel("Name", { exact: true }).fill(name);
    await view.text(new RegExp(`port ${port}/tcp is used by the container steward-${keep}-web-1$`));
    await page.getByRole("button", { name: /^Deploy .*A check failed; see the checks\.$/ }).waitFor();
    await mend.click();
    await view.button(`Deploy ${name}`).waitFor();
    assert.notEqual(await field.inputValue(), String(port));

    // Another program's port, typed by hand.
    const held = await freePort();
    const holder = await hold(held);
    await field.fill(String(held));
    await view.text(new RegExp(`port ${held}/tcp is used by .+`));
    await mend.click();
    await view.button(`Deploy ${name}`).click();
    await view.operation(`Deploy ${name}`, `${name} runs.`);
    holder.close();
    const chosen = (await server.get<DeploymentView>(`/deployments/${name}`)).links[0]?.url ?? "";
    assert.ok(!chosen.endsWith(`:${held}`) && !chosen.endsWith(`:${port}`), chosen);
    assert.equal((await answerOf(chosen))?.status, 200);
    assert.ok(await answers());
  });

  await step("a broken catalog entry is shown where it is broken, and the others work", async () => {
    await server.entry("broken", BROKEN.text);
    await view.go("/catalog");
    await page.getByRole("heading", { name: "Entries that cannot be read" }).waitFor();
    await view.text(`broken/${BROKEN.at}`);
    await main.getByRole("link", { name: "Hello", exact: true }).waitFor();
    await axe(view, "a catalog with a broken entry");
    await view.go("/deploy/broken");
    await view.text("This entry cannot be read, so it cannot be deployed.");
    await view.text(`broken/${BROKEN.at}`);
    await view.go("/");
    await view.heading("1 problem to look at");
    await view.text("1 catalog entry cannot be read: broken.");
    await view.go("/deploy/hello");
    await page.getByRole("tab", { name: "Summary", exact: true }).waitFor();
  });
});
