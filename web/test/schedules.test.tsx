// Making, changing and looking at schedules.
import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import { expect, test } from "vitest";
import { MockServer, problem } from "../mock/server";
import { renderApp } from "./render";

const SLOW = 30_000;
const LONG = { timeout: 10_000 };

test("a list with words, next runs and results, missed ones too", { timeout: SLOW }, async () => {
  renderApp("/activity/schedules");
  const link = await screen.findByRole("link", { name: "nightly" }, LONG);
  const row = link.closest("li") as HTMLElement;
  expect(row.textContent).toContain("Restart vaultwarden, every day at 03:00 (Europe/Berlin)");
  expect(within(row).getByRole("link", { name: "Done" }).getAttribute("href")).toBe("/operations/op_0000000000000001");
  const paused = screen.getByRole("link", { name: "weekly" }).closest("li") as HTMLElement;
  expect(paused.textContent).toContain("Paused");
  expect(paused.textContent).toContain("The account of ben, who owns it, is gone.");
  const calendar = await screen.findByRole("table", { name: /^Schedules in / }, LONG);
  expect(within(calendar).getAllByRole("link", { name: /nightly: 1 (missed|started|to come)/ }).length).toBeGreaterThan(
    1,
  );
});

test("every run with what came of it", { timeout: SLOW }, async () => {
  renderApp("/activity/schedules/nightly");
  expect(await screen.findByText("Missed", {}, LONG)).toBeTruthy();
  expect(screen.getByText(/2 due times before it passed over/)).toBeTruthy();
});

test("one that is not there", { timeout: SLOW }, async () => {
  renderApp("/activity/schedules/nowhere");
  expect(await screen.findByText("There is no schedule nowhere", {}, LONG)).toBeTruthy();
});

test("a schedule is made with plain words and a preview", { timeout: SLOW }, async () => {
  const mock = new MockServer("full");
  renderApp("/activity/schedules", mock);
  fireEvent.click(await screen.findByRole("button", { name: "New schedule" }, LONG));
  const form = await screen.findByRole("dialog", { name: "New schedule" }, LONG);
  const inside = within(form);
  expect(await inside.findByText("Runs every day at 03:00", {}, LONG)).toBeTruthy();
  expect(within(inside.getByRole("region", { name: "Preview" })).getAllByRole("listitem")).toHaveLength(5);
  fireEvent.change(inside.getByLabelText("Name"), { target: { value: "twice-a-week" } });
  fireEvent.change(inside.getByLabelText("When"), { target: { value: "weekly" } });
  fireEvent.change(inside.getByLabelText("Time"), { target: { value: "04:30" } });
  fireEvent.click(inside.getByLabelText("Thursday"));
  fireEvent.change(inside.getByLabelText("Time zone"), { target: { value: "America/New_York" } });
  expect(await inside.findByText("Runs by 30 4 * * 1,4", {}, LONG)).toBeTruthy();
  fireEvent.click(inside.getByRole("button", { name: "Make the schedule" }));
  await waitFor(() => expect(screen.queryByRole("dialog", { name: "New schedule" })).toBeNull(), LONG);
  const sent = mock.asked.find(({ method, path }) => method === "POST" && path === "/schedules");
  expect(sent?.body).toEqual({
    name: "twice-a-week",
    request: { kind: "deployment.restart", deployment_id: mock.deployments[0]?.id },
    cron: "30 4 * * 1,4",
    time_zone: "America/New_York",
    window_minutes: 60,
    jitter_seconds: 0,
    overlap: "skip",
    catch_up: false,
  });
  expect(await screen.findByRole("link", { name: "twice-a-week" }, LONG)).toBeTruthy();
});

test("what is wrong is said where it is", { timeout: SLOW }, async () => {
  renderApp("/activity/schedules");
  fireEvent.click(await screen.findByRole("button", { name: "New schedule" }, LONG));
  const inside = within(await screen.findByRole("dialog", { name: "New schedule" }, LONG));
  fireEvent.change(inside.getByLabelText("When"), { target: { value: "custom" } });
  fireEvent.change(inside.getByLabelText("Cron expression"), { target: { value: "0 0 30 2 *" } });
  expect(await inside.findByText(/no date is ever like/, {}, LONG)).toBeTruthy();
  fireEvent.change(inside.getByLabelText("Name"), { target: { value: "nightly" } });
  fireEvent.click(inside.getByRole("button", { name: "Make the schedule" }));
  await waitFor(() => expect(inside.getByLabelText("Name").getAttribute("aria-invalid")).toBe("true"), LONG);
  expect(inside.getByText(/there is already a schedule/)).toBeTruthy();
});

test("a change that comes too late says so", { timeout: SLOW }, async () => {
  const mock = new MockServer("full");
  renderApp("/activity/schedules/nightly", mock);
  fireEvent.click(await screen.findByRole("button", { name: "Change" }, LONG));
  const inside = within(await screen.findByRole("dialog", { name: "Change nightly" }, LONG));
  expect((inside.getByLabelText("What") as HTMLSelectElement).value).toBe("kept");
  if (mock.schedules[0]) mock.schedules[0].version = 7;
  fireEvent.click(inside.getByRole("button", { name: "Save the schedule" }));
  expect(await inside.findByText("the schedule was changed meanwhile", {}, LONG)).toBeTruthy();
});

test("a viewer sees schedules and why they cannot be changed", { timeout: SLOW }, async () => {
  renderApp("/activity/schedules", "viewer");
  await screen.findByRole("link", { name: "nightly" }, LONG);
  for (const name of [/^New schedule/, /^Run now/, /^Pause/, /^Remove/]) {
    const button = screen.getAllByRole("button", { name })[0];
    expect(button?.getAttribute("aria-disabled")).toBe("true");
    expect(button?.textContent).toContain("Your role, viewer, does not allow this.");
  }
});

test("without a schedule, a press makes the usual one", { timeout: SLOW }, async () => {
  const mock = new MockServer("full");
  mock.schedules = [];
  renderApp("/activity/schedules", mock);
  const usual = await screen.findAllByRole("button", { name: /^Update .* on Sundays$/ }, LONG);
  fireEvent.click(usual[0] as HTMLElement);
  const inside = within(await screen.findByRole("dialog", { name: "New schedule" }, LONG));
  expect((inside.getByLabelText("What") as HTMLSelectElement).value).toBe("update");
  expect((inside.getByLabelText("Sunday") as HTMLInputElement).checked).toBe(true);
});

test("one that is removed is not asked for again", { timeout: SLOW }, async () => {
  const { mock, router } = renderApp("/activity/schedules/nightly");
  fireEvent.click(await screen.findByRole("button", { name: "Remove" }, LONG));
  const dialog = within(await screen.findByRole("dialog", { name: "Remove nightly" }, LONG));
  fireEvent.click(dialog.getByRole("button", { name: "Remove nightly" }));
  await waitFor(() => expect(router.state.location.pathname).toBe("/activity/schedules"), LONG);
  expect(await screen.findByRole("link", { name: "weekly" }, LONG)).toBeTruthy();
  expect(screen.queryByRole("link", { name: "nightly" })).toBeNull();
  const removed = mock.asked.findIndex(({ method }) => method === "DELETE");
  expect(removed).toBeGreaterThan(0);
  const later = mock.asked.slice(removed + 1).map(({ path }) => path);
  expect(later.filter((path) => path.startsWith("/schedules/nightly") || path.endsWith("/runs"))).toEqual([]);
});

const next = async () => {
  const card = (await screen.findByRole("heading", { name: "Next" }, LONG)).closest("section") as HTMLElement;
  return within(card);
};

test("Home says what comes next, the soonest first", { timeout: SLOW }, async () => {
  renderApp("/");
  const inside = await next();
  const links = await inside.findAllByRole("link", { name: /vaultwarden|steward/ }, LONG);
  expect(links.map((link) => [link.textContent, link.getAttribute("href")])).toEqual([
    ["Back up steward", "/activity/schedules/backups"],
    ["Restart vaultwarden", "/activity/schedules/nightly"],
  ]);
  expect(inside.getByText(/, by nightly$/)).toBeTruthy();
  expect(inside.queryByText(/Bring .* up to date/)).toBeNull();
});

test("Home without a schedule, and with none that runs", { timeout: SLOW }, async () => {
  const mock = new MockServer("full");
  mock.schedules = [];
  const { unmount } = renderApp("/", mock);
  expect(await (await next()).findByText("Nothing is scheduled", {}, LONG)).toBeTruthy();
  expect((await next()).getByRole("link", { name: "Schedule something" }).getAttribute("href")).toBe(
    "/activity/schedules",
  );
  unmount();
  const paused = new MockServer("full");
  paused.schedules = paused.schedules.map((one) => ({ ...one, enabled: false, next: [] }));
  renderApp("/", paused);
  expect(await (await next()).findByText("Nothing is due: 3 schedules, all paused.", {}, LONG)).toBeTruthy();
});

test("Home when the schedules cannot be read", { timeout: SLOW }, async () => {
  const mock = new MockServer("full");
  mock.overrides.set("GET /schedules", () => problem(503, "storage_unavailable", "the disk is full"));
  renderApp("/", mock);
  const inside = await next();
  expect(await inside.findByText("Loading the schedules failed.", {}, LONG)).toBeTruthy();
  expect(screen.getByRole("heading", { name: "Recent operations" })).toBeTruthy();
});

test("a schedule and its page are found by name", { timeout: SLOW }, async () => {
  const { router } = renderApp("/apps");
  await screen.findByRole("heading", { level: 1, name: "Apps" }, LONG);
  const find = async (text: string) => {
    fireEvent.keyDown(document.body, { key: "k", ctrlKey: true });
    const box = await screen.findByRole("combobox", { name: /^Find an app/ }, LONG);
    fireEvent.change(box, { target: { value: text } });
    return box;
  };
  let box = await find("nightly");
  expect(await screen.findByRole("option", { name: /^nightly\s*Schedule, Restart vaultwarden/ }, LONG)).toBeTruthy();
  fireEvent.keyDown(box, { key: "Enter" });
  await waitFor(() => expect(router.state.location.pathname).toBe("/activity/schedules/nightly"), LONG);
  for (const [text, path] of [
    ["schedules", "/activity/schedules"],
    ["backups", "/settings/backups"],
  ] as const) {
    box = await find(text);
    fireEvent.keyDown(box, { key: "Enter" });
    await waitFor(() => expect(router.state.location.pathname).toBe(path), LONG);
  }
});
