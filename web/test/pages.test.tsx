// Every page in its states: loading, empty, error, what a viewer sees.
import { cleanup, screen, waitFor, within } from "@testing-library/react";
import { expect, test } from "vitest";
import { MockServer } from "../mock/server";
import { renderApp } from "./render";

const heading = (name: string | RegExp) => screen.findByRole("heading", { level: 1, name }, { timeout: 10_000 });
const SLOW = 30_000;

const PAGES: [string, string | RegExp][] = [
  ["/", /All good/],
  ["/apps", "Apps"],
  ["/apps/vaultwarden", "vaultwarden"],
  ["/apps/vaultwarden/logs", "vaultwarden"],
  ["/apps/vaultwarden/config", "vaultwarden"],
  ["/apps/vaultwarden/history", "vaultwarden"],
  ["/apps/vaultwarden/files", "vaultwarden"],
  ["/catalog", "Catalog"],
  ["/deploy/hello", "Deploy Hello"],
  ["/operations/op_0000000000000001", "Restart vaultwarden"],
  ["/activity", "Activity"],
  ["/activity/audit", "Activity"],
  ["/activity/schedules", "Activity"],
  ["/activity/schedules/nightly", "nightly"],
  ["/devices", "Devices"],
  ["/devices/dev_0000000000000001", "home"],
  ["/settings", "Settings"],
  ["/settings/tokens", "Settings"],
  ["/settings/users", "Settings"],
  ["/settings/backups", "Settings"],
  ["/settings/https", "Settings"],
  ["/settings/appearance", "Settings"],
  ["/settings/retention", "Settings"],
  ["/settings/tasks", "Settings"],
  ["/settings/about", "Settings"],
  ["/nowhere", "There is no such page"],
];

test.each(PAGES)("%s has one heading and says what it is", { timeout: SLOW }, async (path, name) => {
  renderApp(path);
  await heading(name);
  expect(screen.getAllByRole("heading", { level: 1 })).toHaveLength(1);
});

const LISTS: [string, string, string][] = [
  ["/apps", "GET /deployments", "apps"],
  ["/catalog", "GET /applications", "the catalog"],
  ["/devices", "GET /devices", "devices"],
  ["/activity", "GET /operations", "operations"],
  ["/apps/vaultwarden/history", "GET /deployments/vaultwarden/revisions", "the revisions"],
  ["/apps/vaultwarden/config", "GET /deployments/vaultwarden/config", "the configuration"],
  ["/settings/tokens", "GET /tokens", "your tokens"],
  ["/settings/tasks", "GET /reconcilers", "the background tasks"],
  ["/settings/retention", "GET /system/retention", "the retention"],
  ["/devices/dev_0000000000000001", "GET /devices/dev_0000000000000001/scripts", "the scripts"],
  ["/activity/schedules", "GET /schedules", "the schedules"],
  ["/activity/schedules", "GET /schedules/calendar", "the calendar"],
  ["/activity/schedules/nightly", "GET /schedules/sch_0000000000000001/runs", "the runs"],
  ["/settings/backups", "GET /system/backups", "the backups"],
  ["/settings/https", "GET /system/https", "how this server is reached"],
];

test.each(LISTS)("%s says what failed and asks again", { timeout: SLOW }, async (path, request, what) => {
  const mock = new MockServer("full");
  const broken = {
    status: 500,
    body: { title: "internal", status: 500, code: "internal", detail: "the store did not answer" },
  };
  mock.overrides.set(request, () => broken);
  renderApp(path, mock);
  const alert = await screen.findByText(`Loading ${what} failed.`, {}, { timeout: 10_000 });
  const box = alert.closest("[role=alert]") as HTMLElement;
  expect(within(box).getByText("the store did not answer")).toBeTruthy();
  expect(within(box).getByRole("button", { name: "Copy diagnostics" })).toBeTruthy();
  mock.overrides.clear();
  within(box).getByRole("button", { name: "Retry" }).click();
  await waitFor(() => expect(screen.queryByText(`Loading ${what} failed.`)).toBeNull(), { timeout: 10_000 });
});

test("while a list is on its way the page says so", { timeout: SLOW }, async () => {
  const mock = new MockServer("full");
  mock.overrides.set("GET /deployments", () => new Promise(() => undefined));
  renderApp("/apps", mock);
  await heading("Apps");
  expect(await screen.findByText("Loading apps", {}, { timeout: 10_000 })).toBeTruthy();
});

test("empty pages say what they are for and what to do", { timeout: SLOW * 2 }, async () => {
  renderApp("/", "empty");
  await heading("All good. 1 device, no apps yet.");
  expect(await screen.findByText("Start here")).toBeTruthy();
  expect(screen.getByRole("link", { name: "Hello" }).getAttribute("href")).toBe("/deploy/hello");
  cleanup();
  renderApp("/apps", "empty");
  expect(await screen.findByText("Nothing runs here yet", {}, { timeout: 10_000 })).toBeTruthy();
  cleanup();
  renderApp("/activity", "empty");
  expect(await screen.findByText("No operation yet", {}, { timeout: 10_000 })).toBeTruthy();
});

test("a filter that matches nothing can be cleared", { timeout: SLOW }, async () => {
  const { router } = renderApp("/apps?q=zzz");
  const clear = await screen.findByRole("button", { name: "Clear the filter" }, { timeout: 10_000 });
  clear.click();
  await screen.findByRole("link", { name: "vaultwarden" });
  expect(router.state.location.search).toEqual({});
});

test("a viewer sees the actions, each with the reason why not", { timeout: SLOW }, async () => {
  renderApp("/apps/vaultwarden", "viewer");
  await heading("vaultwarden");
  for (const name of ["Restart", "Stop", "Remove"]) {
    const button = await screen.findByRole("button", { name: new RegExp(`^${name}`) });
    expect(button.getAttribute("aria-disabled")).toBe("true");
    expect(button.textContent).toContain("Your role, viewer, does not allow this.");
  }
});

test("a broken catalog entry is shown where it is broken; the others work", { timeout: SLOW }, async () => {
  renderApp("/catalog", "trouble");
  expect(await screen.findByText("catalog/wiki/service.hcl:14:9", {}, { timeout: 10_000 })).toBeTruthy();
  expect(screen.getByRole("link", { name: "Jellyfin" })).toBeTruthy();
});

test("a rollback that is incomplete lists what is left and the command for it", { timeout: SLOW }, async () => {
  renderApp("/operations/op_0000000000000006", "trouble");
  await heading("Update immich");
  expect(await screen.findByText("docker rm --force immich-web-1")).toBeTruthy();
  expect(screen.getByRole("button", { name: "Try the undo again" })).toBeTruthy();
  const undone = within(screen.getByRole("list", { name: "What was undone" })).getAllByRole("listitem");
  expect(undone.map((item) => item.textContent?.split(" (")[0])).toEqual([
    "Health check",
    "Configuring",
    "Deploying",
    "Preparing",
    "Validating",
  ]);
});

test(
  "a background task that fails says so on Home and on its page, with the age of what is known",
  { timeout: SLOW },
  async () => {
    const mock = new MockServer("full");
    const task = mock.reconcilers.find((one) => one.name === "retention");
    if (task) Object.assign(task, { failures: 3, failure: { code: "conflict", message: "the audit was changed" } });
    renderApp("/", mock);
    await heading("1 problem to look at");
    const problem = await screen.findByText("The background task retention failed: the audit was changed.");
    expect(
      within(problem.parentElement as HTMLElement)
        .getByRole("link")
        .getAttribute("href"),
    ).toBe("/settings/tasks");
    cleanup();
    renderApp("/settings/tasks", mock);
    await screen.findByText("Failed 3 times in a row", {}, { timeout: 10_000 });
    expect(screen.getByText(/^The last time that went well: /)).toBeTruthy();
    screen.getByRole("button", { name: "Run now: retention" }).click();
    await waitFor(() => expect(mock.asked.at(-1)?.path).toBe("/reconcilers"));
    expect(mock.asked.some((one) => one.path === "/reconcilers/retention/run")).toBe(true);
  },
);

test("a viewer sees the settings that an admin changes, each with the reason why not", { timeout: SLOW }, async () => {
  renderApp("/settings/retention", "viewer");
  const save = await screen.findByRole("button", { name: /^Save/ }, { timeout: 10_000 });
  expect(save.textContent).toContain("Your role, viewer, does not allow this.");
  expect(screen.getByLabelText("Audit, in days").getAttribute("readonly")).not.toBeNull();
  cleanup();
  renderApp("/devices/dev_0000000000000001", "viewer");
  const run = await screen.findAllByRole("button", { name: /^Run trim-disks/ }, { timeout: 10_000 });
  expect(run[0]?.getAttribute("aria-disabled")).toBe("true");
});

test("a development instance says so on every page and where to mark a device", { timeout: SLOW }, async () => {
  const mock = new MockServer("full");
  mock.development = true;
  renderApp("/devices/dev_0000000000000001", mock);
  await screen.findByText("Development instance.", {}, { timeout: 10_000 });
  const mark = await screen.findByRole("button", { name: "Mark as a development device" });
  mark.click();
  await screen.findByRole("button", { name: "Take the mark away" });
  expect(mock.devices[0]?.development).toBe(true);
});

test("a restart of Steward is planned, asked for once, and followed", { timeout: SLOW }, async () => {
  const mock = new MockServer("full");
  renderApp("/settings/backups", mock);
  (await screen.findByRole("button", { name: "Restart Steward" }, { timeout: 10_000 })).click();
  const dialog = await screen.findByRole("dialog");
  expect(await within(dialog).findByText(/broken off and undone/)).toBeTruthy();
  within(dialog).getByRole("button", { name: "Restart Steward" }).click();
  expect(await screen.findByRole("heading", { level: 1, name: "Restart steward" }, { timeout: 10_000 })).toBeTruthy();
  const asked = mock.asked.filter(({ method, path }) => method === "POST" && path === "/operations");
  expect(asked).toEqual([
    { method: "POST", path: "/operations", body: { kind: "steward.restart", plan_hash: expect.any(String) } },
  ]);
});

test(
  "backups: the warning goes when the key is kept, an old or missing one is said",
  { timeout: SLOW * 3 },
  async () => {
    const mock = new MockServer("full");
    renderApp("/settings/backups", mock);
    expect(await screen.findByText("Keep a copy of the key somewhere else.", {}, { timeout: 10_000 })).toBeTruthy();
    expect(screen.getByText(/^steward self restore \/mnt\/usb\/steward\/steward-20250704/)).toBeTruthy();
    expect(screen.getByText("Damaged")).toBeTruthy();
    screen.getByRole("button", { name: "Show the key" }).click();
    const dialog = await screen.findByRole("dialog");
    expect(within(dialog).getByText(/AGE-SECRET-KEY-1MOCK/)).toBeTruthy();
    within(dialog).getByRole("button", { name: "I saved it" }).click();
    await waitFor(() => expect(screen.queryByText("Keep a copy of the key somewhere else.")).toBeNull());
    expect(mock.asked).toContainEqual({
      method: "POST",
      path: "/system/backups/key/saved",
      body: { recipient: mock.backups.recipient },
    });
    screen.getByRole("button", { name: "Back up now" }).click();
    await waitFor(() => expect(mock.operations[0]?.kind).toBe("steward.backup"));
    cleanup();

    mock.backups.latest_good_at = Date.now() - 8 * 24 * 3600 * 1000;
    renderApp("/settings/backups", mock);
    expect(await screen.findByText(/more than 7 days old/, {}, { timeout: 10_000 })).toBeTruthy();
    cleanup();
    renderApp("/settings/backups", "empty");
    expect(await screen.findByText("There is no good backup of Steward yet.", {}, { timeout: 10_000 })).toBeTruthy();
    cleanup();
    renderApp("/settings/backups", "viewer");
    expect(await screen.findByText(/shown to admins and owners/, {}, { timeout: 10_000 })).toBeTruthy();
  },
);

test("HTTPS: the authority can be had and compared, and what is wrong is said", { timeout: SLOW }, async () => {
  const mock = new MockServer("full");
  renderApp("/settings/https", mock);
  const link = await screen.findByRole("link", { name: "Download the certificate" }, { timeout: 10_000 });
  expect(link.getAttribute("href")).toBe("/api/v1/system/ca.crt");
  expect(screen.getByText(/^9B:20:7E/)).toBeTruthy();
  expect(screen.getByText("iPhone and iPad")).toBeTruthy();
  cleanup();
  const off = { enabled: false, exposed: true, source: null, names: [], expires_at: null, fingerprint: null };
  mock.overrides.set("GET /system/https", () => ({ status: 200, body: { ...off, authority: null, problem: null } }));
  renderApp("/settings/https", mock);
  expect(await screen.findByText(/plain HTTP where other machines reach it/, {}, { timeout: 10_000 })).toBeTruthy();
  expect(screen.getByRole("heading", { name: "HTTPS is off" })).toBeTruthy();
  expect(screen.queryByRole("link", { name: "Download the certificate" })).toBeNull();
});
