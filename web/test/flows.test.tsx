// What happens when things are done: signing in, deploying, changing, losing the session or the server.
import { act, fireEvent, screen, waitFor, within } from "@testing-library/react";
import { expect, test } from "vitest";
import { MockServer } from "../mock/server";
import { connection } from "../src/lib/connection";
import { renderApp } from "./render";
import { FakeSocket } from "./fake-socket";

const SLOW = 30_000;
const wait = { timeout: 10_000 };
const heading = (name: string | RegExp) => screen.findByRole("heading", { level: 1, name }, wait);
const type = (label: string | RegExp, value: string) =>
  fireEvent.change(screen.getByLabelText(label), { target: { value } });
const posts = (mock: MockServer, path: string) =>
  mock.asked.filter((one) => one.method === "POST" && one.path === path);

test("a fresh server leads to set-up, and set-up leads to Home", { timeout: SLOW }, async () => {
  location.hash = "#code=code-1234";
  const { router } = renderApp("/", "unclaimed");
  await heading("Set up Steward");
  expect(screen.queryByLabelText("Set-up code")).toBeNull();
  type("Name", "anna");
  type("Password", "tall brown dog");
  fireEvent.click(screen.getByRole("button", { name: "Create the account" }));
  await heading(/no apps yet/);
  expect(router.state.location.pathname).toBe("/");
  location.hash = "";
});

test("a wrong code is said at the field", { timeout: SLOW }, async () => {
  renderApp("/setup", "unclaimed");
  await heading("Set up Steward");
  type("Set-up code", "wrong");
  type("Name", "anna");
  type("Password", "tall brown dog");
  fireEvent.click(screen.getByRole("button", { name: "Create the account" }));
  expect(await screen.findByText("the set-up code is wrong", {}, wait)).toBeTruthy();
  expect(screen.getByLabelText("Set-up code").getAttribute("aria-invalid")).toBe("true");
});

test("signing in returns to where one wanted to go", { timeout: SLOW }, async () => {
  const { router } = renderApp("/catalog?q=web", "signed-out");
  await heading("Sign in");
  type("Name", "anna");
  type("Password", "wrong");
  fireEvent.click(screen.getByRole("button", { name: "Sign in" }));
  expect(await screen.findByText("the name or the password is wrong", {}, wait)).toBeTruthy();
  type("Password", "tall brown dog");
  fireEvent.click(screen.getByRole("button", { name: "Sign in" }));
  await heading("Catalog");
  expect(router.state.location.search).toEqual({ q: "web" });
});

test("a taken port is mended with one press and deploys with the plan's hash", { timeout: SLOW }, async () => {
  const { mock, router } = renderApp("/deploy/hello", "empty");
  await heading("Deploy Hello");
  fireEvent.click(await screen.findByRole("button", { name: "Use 8089" }, wait));
  await screen.findByText(/Port 8089\/tcp of home is free/, {}, wait);
  expect((screen.getByLabelText("Web port") as HTMLInputElement).value).toBe("8089");
  const deploy = () => screen.getByRole("button", { name: /^Deploy hello/ });
  await waitFor(() => expect(deploy().getAttribute("aria-disabled")).toBeNull(), wait);
  fireEvent.click(deploy());
  fireEvent.click(deploy());
  await waitFor(() => expect(router.state.location.pathname).toMatch(/^\/operations\//), wait);
  const sent = posts(mock, "/applications/hello/deploy");
  expect(sent).toHaveLength(1);
  expect(sent[0]?.body).toMatchObject({
    name: "hello",
    ports: { "80/tcp": 8089 },
    plan_hash: expect.stringMatching(/^hash/),
  });
});

test("a mistake in the name is said at the name", { timeout: SLOW }, async () => {
  renderApp("/deploy/hello", "empty");
  await heading("Deploy Hello");
  type("Name", "Not A Name");
  expect(await screen.findByText(/lower-case letters/, {}, wait)).toBeTruthy();
  await waitFor(() => expect(screen.getByLabelText("Name").getAttribute("aria-invalid")).toBe("true"));
});

test("a draft is kept without its secrets", { timeout: SLOW }, async () => {
  const { unmount } = renderApp("/deploy/hello", "empty");
  await heading("Deploy Hello");
  type(/^Greeting/, "Good evening");
  type(/^Admin token/, "very secret");
  await waitFor(() => expect(sessionStorage.getItem("steward.draft.deploy.hello")).toContain("Good evening"));
  expect(sessionStorage.getItem("steward.draft.deploy.hello")).not.toContain("very secret");
  unmount();
  renderApp("/deploy/hello", "empty");
  await heading("Deploy Hello");
  expect((screen.getByLabelText(/^Greeting/) as HTMLInputElement).value).toBe("Good evening");
});

test("a session that ends in the middle asks to sign in and keeps what was typed", { timeout: SLOW }, async () => {
  const { mock } = renderApp("/deploy/hello", "empty");
  await heading("Deploy Hello");
  type(/^Greeting/, "Good evening");
  mock.signedIn = false;
  type("Name", "evening");
  const dialog = await screen.findByRole("dialog", { name: "Sign in again" }, wait);
  expect((screen.getByLabelText(/^Greeting/) as HTMLInputElement).value).toBe("Good evening");
  fireEvent.change(within(dialog).getByLabelText("Password"), { target: { value: "tall brown dog" } });
  fireEvent.click(within(dialog).getByRole("button", { name: "Sign in" }));
  await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull(), wait);
  expect((screen.getByLabelText(/^Greeting/) as HTMLInputElement).value).toBe("Good evening");
});

test("while the server is silent, it is said and nothing can be changed", { timeout: SLOW }, async () => {
  renderApp("/apps/vaultwarden");
  await heading("vaultwarden");
  await screen.findByRole("button", { name: /^Restart/ }, wait);
  act(() => connection.set({ reachable: false, lastAnswer: Date.now() - 38_000 }));
  expect(await screen.findByText("Steward cannot be reached.", {}, wait)).toBeTruthy();
  expect(screen.getByText(/38 s|39 s/)).toBeTruthy();
  expect(screen.getByRole("button", { name: /^Restart/ }).getAttribute("aria-disabled")).toBe("true");
  act(() => connection.set({ reachable: true, lastAnswer: Date.now() }));
  await waitFor(() => expect(screen.queryByText("Steward cannot be reached.")).toBeNull());
  expect(screen.getByRole("button", { name: /^Restart/ }).getAttribute("aria-disabled")).toBeNull();
});

test("an event makes the page ask again", { timeout: SLOW }, async () => {
  const { mock } = renderApp("/apps/vaultwarden");
  await screen.findByText("It runs as it should.", {}, wait);
  const app = mock.deployments.find((one) => one.name === "vaultwarden");
  if (app) app.state = "failed";
  act(() => FakeSocket.latest().push("deployments", "status_change", { deployment_id: app?.id }));
  await screen.findByText("It should run and does not.", {}, wait);
});

test("stopping asks first; restarting does not", { timeout: SLOW }, async () => {
  const { mock } = renderApp("/apps/vaultwarden");
  fireEvent.click(await screen.findByRole("button", { name: "Restart" }, wait));
  await waitFor(() => expect(posts(mock, "/deployments/vaultwarden/restart")).toHaveLength(1));
  fireEvent.click(screen.getByRole("button", { name: "Stop" }));
  fireEvent.click(await screen.findByRole("button", { name: "Stop vaultwarden" }, wait));
  await waitFor(() => expect(posts(mock, "/deployments/vaultwarden/stop")).toHaveLength(1));
});

test(
  "removing keeps the data unless its name is typed; then it is deleted after the removal",
  { timeout: SLOW },
  async () => {
    const { mock } = renderApp("/apps/vaultwarden", new MockServer("full", 5));
    fireEvent.click(await screen.findByRole("button", { name: "Remove" }, wait));
    const dialog = await screen.findByRole("dialog", { name: "Remove vaultwarden" }, wait);
    fireEvent.click(await within(dialog).findByLabelText(/^Also delete its data/));
    const go = () => within(dialog).getByRole("button", { name: /^Remove vaultwarden and delete its data/ });
    expect(go().getAttribute("aria-disabled")).toBe("true");
    fireEvent.change(within(dialog).getByLabelText("Type vaultwarden to confirm"), {
      target: { value: "vaultwarden" },
    });
    fireEvent.click(go());
    await heading("Remove vaultwarden");
    await waitFor(() => expect(posts(mock, "/operations")).toHaveLength(1), wait);
    expect(posts(mock, "/operations")[0]?.body).toEqual({
      kind: "volume.delete",
      device_id: "dev_0000000000000001",
      volume: "vaultwarden_data",
      confirm: "vaultwarden_data",
    });
  },
);

test("a changed setting is reviewed as a difference and saved against its revision", { timeout: SLOW }, async () => {
  const { mock, router } = renderApp("/apps/vaultwarden/config");
  await screen.findByLabelText(/^Greeting/, {}, wait);
  type(/^Greeting/, "Good morning");
  fireEvent.click(screen.getByRole("button", { name: "Review changes" }));
  expect(await screen.findByRole("region", { name: "Differences in compose.yaml" }, wait)).toBeTruthy();
  fireEvent.click(screen.getByRole("button", { name: "Save and apply" }));
  await waitFor(() => expect(router.state.location.pathname).toMatch(/^\/operations\//), wait);
  const patch = mock.asked.find((one) => one.method === "PATCH");
  expect(patch?.body).toMatchObject({ settings: { greeting: "Good morning" }, expected_revision: 3 });
});

test("an operation shows its steps and bytes as they come", { timeout: SLOW }, async () => {
  const mock = new MockServer("empty");
  renderApp("/deploy/hello", mock);
  fireEvent.click(await screen.findByRole("button", { name: "Use 8089" }, wait));
  await waitFor(
    () => expect(screen.getByRole("button", { name: /^Deploy hello/ }).getAttribute("aria-disabled")).toBeNull(),
    wait,
  );
  fireEvent.click(screen.getByRole("button", { name: /^Deploy hello/ }));
  await heading("Deploy hello");
  const operation = mock.operations[0];
  if (!operation) throw new Error("no operation");
  operation.state = "running";
  operation.current_step = "deploying";
  const step = operation.steps[2];
  if (step) Object.assign(step, { state: "running", started_at: Date.now() });
  act(() => {
    FakeSocket.latest().push("operations", "changed", { operation_id: operation.id, deployment_id: null });
    FakeSocket.latest().push("deployments", "progress", {
      operation_id: operation.id,
      deployment_id: null,
      step: "deploying",
      message: "Pulling the image",
      done: 3,
      total: 6,
      bytes_done: 29 * 1024 * 1024,
      bytes_total: 58 * 1024 * 1024,
    });
  });
  expect(await screen.findByText(/3 of 6 layers, 29 MiB of 58 MiB/, {}, wait)).toBeTruthy();
  expect(screen.getByRole("progressbar", { name: "Progress of Deploying" }).getAttribute("aria-valuenow")).toBe("50");
});

test("a token is shown once", { timeout: SLOW }, async () => {
  renderApp("/settings/tokens");
  await screen.findByText("backup script", {}, wait);
  type("Name", "laptop");
  fireEvent.click(screen.getByRole("button", { name: "Make a token" }));
  expect(await screen.findByText("stw_9f1c2b7d0e8a4f5c", {}, wait)).toBeTruthy();
  fireEvent.click(screen.getByRole("button", { name: "I have saved it" }));
  expect(screen.queryByText("stw_9f1c2b7d0e8a4f5c")).toBeNull();
});
