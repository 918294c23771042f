// Schedules: made in the browser, run by the real clock, and each due time once, also when the server is killed then.
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import type { Operation, RunView, ScheduleView } from "../src/api/types.ts";
import { PHONE } from "./support/browser.ts";
import { container } from "./support/docker.ts";
import { axe, noSidewaysScroll } from "./support/look.ts";
import { skipped } from "./support/needs.ts";
import { freePort } from "./support/ports.ts";
import { stepsOf } from "./support/steps.ts";
import { LONG, until, WHOLE } from "./support/time.ts";
import { visit } from "./support/visit.ts";

const MINUTE = 60_000;
const nextMinute = () => (Math.floor(Date.now() / MINUTE) + 1) * MINUTE;

/** C6, promise 15: in the browser, by the real clock, on a real engine. */
test("what is due is done, once", { skip: skipped({ browser: true }), timeout: WHOLE }, async (t) => {
  const { server, browser, view } = await visit(t);
  const { page } = view;
  const step = stepsOf(t, () => view.noErrors(/ERR_CONNECTION_REFUSED/));
  const app = server.name("hello");
  const since = Date.now();
  const runs = () => server.get<RunView[]>("/schedules/minutely/runs?limit=500");
  const row = (name: string) =>
    page.getByRole("listitem").filter({ has: page.getByRole("link", { name, exact: true }) });

  await step("nothing is scheduled: the usual is one press away", async () => {
    await server.deploy("hello", app, { ports: { "8080/tcp": await freePort() } });
    await view.go("/activity/schedules");
    await view.signIn();
    await view.text("Nothing is scheduled yet");
    await axe(view, "no schedules");
    await view.button(`Restart ${app} every night`).click();
    await page.getByRole("dialog", { name: "New schedule" }).getByText("Runs every day at 03:00").waitFor();
    await axe(view, "the form of a schedule");
    await view.button("Cancel").click();
  });

  await step("one is made in plain words, in another zone", async () => {
    await view.button("New schedule").click();
    const form = page.getByRole("dialog", { name: "New schedule" });
    await form.getByLabel("Name").fill("twice-a-week");
    await form.getByLabel("What").selectOption({ label: "Restart an app" });
    await form.getByLabel("App", { exact: true }).selectOption({ label: app });
    await form.getByLabel("When", { exact: true }).selectOption({ label: "On days of the week" });
    await form.getByLabel("Time", { exact: true }).fill("04:30");
    await form.getByLabel("Thursday").check();
    await form.getByLabel("Time zone").fill("Pacific/Auckland");
    await form.getByText("Runs Mondays and Thursdays at 04:30").waitFor();
    await form.getByRole("button", { name: "Make the schedule" }).click();
    await form.waitFor({ state: "detached" });
    const made = row("twice-a-week");
    await made.getByText(`Restart ${app}, Mondays and Thursdays at 04:30 (Pacific/Auckland)`).waitFor();
    await made
      .getByText(/\(.* here\)/)
      .first()
      .waitFor();
    const shown = await server.get<ScheduleView>("/schedules/twice-a-week");
    assert.equal(shown.cron, "30 4 * * 1,4");
    assert.equal(shown.owner, "anna");
    await page
      .getByRole("table", { name: /^Schedules in / })
      .getByRole("link", { name: /^twice-a-week: 1 to come/ })
      .first()
      .waitFor();
    await axe(view, "schedules with a calendar");
  });

  await step("Home says what comes next, and a few letters find it", async () => {
    await view.go("/");
    const next = page.locator("section").filter({ has: page.getByRole("heading", { name: "Next", exact: true }) });
    await next.getByText(/, by twice-a-week$/).waitFor();
    await axe(view, "Home with what comes next");
    await next.getByRole("link", { name: `Restart ${app}`, exact: true }).click();
    await view.heading("twice-a-week");
    await page.keyboard.press("Control+k");
    await page.getByRole("combobox", { name: /^Find an app/ }).fill("schedules");
    await page.getByRole("option", { name: /^Schedules/ }).waitFor();
    await page.keyboard.press("Enter");
    await row("twice-a-week").waitFor();
  });

  await step("it restarts the app at the next minute, and the page says so by itself", async () => {
    const before = (await container(app)).State.StartedAt;
    const words = [
      "schedules",
      "add",
      "minutely",
      "--cron",
      "* * * * *",
      "--zone",
      "UTC",
      "--window",
      "5",
      "--overlap",
      "wait",
    ];
    assert.match(await server.good([...words, "restart", app]), /^minutely runs every minute \(UTC\)\. Next: /);
    await row("minutely").getByRole("link", { name: "Done", exact: true }).waitFor({ timeout: LONG });
    const [run] = await runs();
    assert.ok(run?.operation_id);
    assert.equal(run.due_at % MINUTE, 0);
    assert.ok(run.decided_at - run.due_at < 5_000, `${run.decided_at - run.due_at} ms late`);
    const operation = await server.get<Operation>(`/operations/${run.operation_id}`);
    assert.deepEqual(
      [operation.actor, operation.kind, operation.state],
      ["schedule minutely (anna)", "deployment.restart", "succeeded"],
    );
    assert.notEqual((await container(app)).State.StartedAt, before, "the container was started anew");
  });

  await step("killed in the second in which it is due, twice", async () => {
    for (const late of [0, 40]) {
      await pause(nextMinute() + late - Date.now());
      await server.kill();
      await pause(300);
      await server.start();
    }
    const after = Date.now();
    await until("every due time to be decided", async () => {
      const newest = (await runs())[0]?.due_at ?? 0;
      return newest >= Math.floor(after / MINUTE) * MINUTE;
    });
    await server.good(["schedules", "pause", "minutely"]);
    await server.allAtRest();
    const all = await runs();
    const due = all.map((run) => run.due_at);
    assert.equal(new Set(due).size, due.length);
    const first = due.at(-1) ?? 0;
    const last = due[0] ?? 0;
    assert.ok(first > since);
    const accounted = all.reduce((sum, run) => sum + 1 + run.missed_before, 0);
    assert.equal(accounted, (last - first) / MINUTE + 1, `each due time is accounted for once: ${JSON.stringify(all)}`);
    const asked = await server.get<Operation[]>("/operations?limit=500");
    const mine = asked.filter(({ actor }) => actor === "schedule minutely (anna)").map(({ id }) => id);
    const said = all.flatMap(({ operation_id }) => operation_id ?? []);
    assert.deepEqual(mine.sort(), said.sort(), "each run has its operation, each operation its run");
  });

  await step("its runs are listed, each with its operation", async () => {
    await view.go("/activity/schedules");
    await row("minutely").getByText("Paused", { exact: true }).waitFor();
    await row("minutely").getByRole("link", { name: "minutely", exact: true }).click();
    await view.heading("minutely");
    const done = page.getByRole("main").getByRole("link", { name: "Done", exact: true });
    await until("the runs", async () => (await done.count()) > 1);
    await axe(view, "a schedule");
    await done.first().click();
    await view.heading(`Restart ${app}`);
  });

  await step("run now is an operation of the person who presses", async () => {
    await view.go("/activity/schedules/twice-a-week");
    await view.button("Run now").click();
    const operation = await until("the operation", async () => {
      const all = await server.get<Operation[]>("/operations?limit=1");
      return all.find(({ actor }) => actor === "anna");
    });
    await server.rest(operation.id);
    assert.deepEqual(await server.get<RunView[]>("/schedules/twice-a-week/runs"), []);
  });

  await step("it is changed, resumed and removed", async () => {
    await view.button("Change").click();
    const form = page.getByRole("dialog", { name: "Change twice-a-week" });
    assert.equal(await form.getByLabel("When", { exact: true }).inputValue(), "weekly");
    await form.getByLabel("When", { exact: true }).selectOption({ label: "On a day of each month" });
    await form.getByLabel("Day", { exact: true }).selectOption({ label: "The last day" });
    await form.getByRole("button", { name: "Save the schedule" }).click();
    await form.waitFor({ state: "detached" });
    assert.equal((await server.get<ScheduleView>("/schedules/twice-a-week")).cron, "30 4 L * *");
    await view.button("Pause").click();
    await view.button("Resume").waitFor();
    await view.button("Resume").click();
    await view.button("Pause").waitFor();
    await view.button("Remove").click();
    await page
      .getByRole("dialog", { name: "Remove twice-a-week" })
      .getByRole("button", { name: "Remove twice-a-week" })
      .click();
    await page.waitForURL(/\/activity\/schedules$/);
    await row("minutely").waitFor();
    assert.equal(await row("twice-a-week").count(), 0);
  });

  await step("on a phone nothing hangs out of the screen", async () => {
    const phone = await view.twin(browser, server, { viewport: PHONE, hasTouch: true });
    for (const path of ["/activity/schedules", "/activity/schedules/minutely"]) {
      await phone.go(path);
      await phone.page.getByText("every minute").first().waitFor();
      await noSidewaysScroll(phone, path);
      await axe(phone, `${path} on a phone`);
    }
    await phone.go("/activity/schedules");
    await phone.button("New schedule").click();
    await noSidewaysScroll(phone, "the form of a schedule");
    phone.noErrors();
    await phone.page.context().close();
  });

  await step("the audit has every change and every run", async () => {
    const rows = (await server.good(["audit", "export"])).trim().split("\n");
    const all = rows.map((line) => JSON.parse(line) as { actor: string; action: string; phase: string });
    const of = (actor: string, phase: string) => all.filter((one) => one.actor === actor && one.phase === phase).length;
    assert.equal(of("schedule minutely (anna)", "accepted"), of("schedule minutely (anna)", "outcome"));
    assert.ok(all.some(({ action }) => action === "schedules.manage"));
  });
});
