// The audit says by itself when somebody else has written in it.
import assert from "node:assert/strict";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { axe } from "./support/look.ts";
import { skipped } from "./support/needs.ts";
import { stepsOf } from "./support/steps.ts";
import { WHOLE } from "./support/time.ts";
import { visit } from "./support/visit.ts";

interface Verdict {
  whole: boolean;
  rows: number;
  head: string;
}

/** P3. */
test("an audit that was changed is found out", { skip: skipped({ browser: true }), timeout: WHOLE }, async (t) => {
  const { server, view } = await visit(t);
  const { page } = view;
  const step = stepsOf(t);
  await view.go("/activity/audit");
  await view.signIn();

  await step("as it was written, it is whole", async () => {
    const verdict = JSON.parse(await server.good(["audit", "verify", "--json"])) as Verdict;
    assert.ok(verdict.whole && verdict.rows > 0);
    await view.button("Verify").click();
    // Signing in has written rows since.
    await view.text(/^All \d+ rows are as they were written\.$/);
    await axe(view, "the verdict");
    const exported = (await server.good(["audit", "export"])).trim().split("\n");
    const rows = exported.map((line) => JSON.parse(line) as { sequence: number; hash: string });
    assert.deepEqual(
      rows.map((row) => row.sequence),
      rows.map((_, index) => index + 1),
    );
    assert.equal(rows[verdict.rows - 1]?.hash, verdict.head, "the export carries the chain");
  });

  await step("it can be saved from the page", async () => {
    const download = page.waitForEvent("download");
    await page.getByRole("link", { name: "Download all that match" }).click();
    assert.equal((await download).suggestedFilename(), "steward-audit.jsonl");
  });

  await step("a row that somebody changed is named", async () => {
    await server.stop();
    const database = new DatabaseSync(join(server.data, "steward.db"));
    database.exec("UPDATE audit SET actor = 'nobody' WHERE sequence = 2");
    database.close();
    await server.start();
    const { code, err } = await server.run(["audit", "verify"]);
    assert.equal(code, 1);
    assert.match(err, /not as it was written, from row 2 on/);
    await page.reload();
    await view.button("Verify").click();
    await page.getByRole("alert").filter({ hasText: "The audit is not as it was written, from row 2 on." }).waitFor();
  });
});
