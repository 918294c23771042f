// Every page as it looks: dark and light without a barrier that a program can find, and on a phone.
import { test } from "node:test";
import type { DeviceView } from "../src/api/types.ts";
import { PHONE, type View } from "./support/browser.ts";
import { ask } from "./support/http.ts";
import { axe, noSidewaysScroll } from "./support/look.ts";
import { skipped } from "./support/needs.ts";
import { freePort } from "./support/ports.ts";
import { stepsOf } from "./support/steps.ts";
import { WHOLE } from "./support/time.ts";
import { visit } from "./support/visit.ts";

interface Shown {
  path: string;
  heading: string | RegExp;
  /** The name of its picture. */
  picture?: string;
  /** Looked at on a phone, too. */
  phone?: boolean;
}

test("every page, dark, light and on a phone", { skip: skipped({ browser: true }), timeout: 2 * WHOLE }, async (t) => {
  const { server, browser, view } = await visit(t);
  const step = stepsOf(t, () => view.noErrors());
  const [app, other] = [server.name("hello"), server.name("guestbook")];
  const pages: Shown[] = [];

  await step("there is something to see", async () => {
    const port = await freePort();
    const { id } = await server.deploy("hello", app, { ports: { "8080/tcp": port } });
    await server.deploy("hello", other, { ports: { "8080/tcp": await freePort() } });
    const settings = { greeting: "Good morning" };
    await server.rest((await server.submit("PATCH", `/deployments/${app}`, { settings })).id);
    for (const path of ["/", "/favicon.ico", "/about", "/kitchen"]) await ask(`http://127.0.0.1:${port}${path}`);
    const cron = ["--cron", "0 3 * * *", "--zone", "Europe/Berlin"];
    await server.good(["schedules", "add", "nightly", ...cron, "restart", app]);
    await server.good(["schedules", "add", "weekly", "--cron", "30 4 * * SUN", "--zone", "UTC", "update", other]);
    const [device] = await server.get<DeviceView[]>("/devices");
    const deviceName = device?.name ?? "";
    pages.push(
      { path: "/", heading: "All good. 1 device, 2 apps.", picture: "home", phone: true },
      { path: "/apps", heading: "Apps", phone: true },
      { path: `/apps/${app}`, heading: app, picture: "app", phone: true },
      { path: `/apps/${app}/logs`, heading: app, picture: "logs", phone: true },
      { path: `/apps/${app}/config`, heading: app, phone: true },
      { path: `/apps/${app}/history`, heading: app, picture: "history", phone: true },
      { path: `/apps/${app}/files`, heading: app, phone: true },
      { path: "/catalog", heading: "Catalog", picture: "catalog", phone: true },
      { path: "/deploy/gitea", heading: "Deploy Gitea", picture: "deploy", phone: true },
      { path: `/operations/${id}`, heading: `Deploy ${app}`, picture: "operation", phone: true },
      { path: "/activity", heading: "Activity", picture: "activity", phone: true },
      { path: "/activity/audit", heading: "Activity", phone: true },
      { path: "/activity/schedules", heading: "Activity", picture: "schedules", phone: true },
      { path: "/activity/schedules/nightly", heading: "nightly", phone: true },
      { path: "/devices", heading: "Devices", phone: true },
      { path: `/devices/${device?.id}`, heading: deviceName, picture: "device", phone: true },
      { path: "/settings", heading: "Settings", phone: true },
      { path: "/settings/tokens", heading: "Settings", phone: true },
      { path: "/settings/users", heading: "Settings" },
      { path: "/settings/https", heading: "Settings" },
      { path: "/settings/appearance", heading: "Settings" },
      { path: "/settings/about", heading: "Settings" },
      { path: "/nowhere", heading: "There is no such page" },
    );
    await view.go("/login");
    await view.signIn();
  });

  const arrive = async (on: View, { path, heading }: Shown) => {
    await on.go(path);
    await on.heading(heading);
    if (path.endsWith("/logs")) await on.page.getByRole("log").getByText("GET /kitchen HTTP/1.1").waitFor();
    if (path.startsWith("/deploy/")) await on.page.getByRole("tab", { name: "Summary", exact: true }).waitFor();
    await on.settle();
  };

  await step("no page has a barrier, nor is wider than the screen", async () => {
    for (const shown of pages) {
      await arrive(view, shown);
      await axe(view, shown.path);
      await noSidewaysScroll(view, shown.path);
      if (shown.picture) await view.picture(shown.picture);
    }
  });

  await step("nothing that opens over a page has a barrier", async () => {
    await view.go(`/apps/${app}`);
    const { page } = view;
    await view.button("Remove").waitFor();
    const buttons = [/^Find/, /^Operations: /, /^Connection: /, /^Account$/, /^Stop$/, /^Remove$/];
    for (const name of buttons) {
      await page.getByRole("button", { name }).click();
      const opened = page.locator("[role=dialog], [role=menu]").first();
      await opened.waitFor();
      await axe(view, `what the button ${name.source} opens`);
      await page.keyboard.press("Escape");
      await opened.waitFor({ state: "detached" });
    }
  });

  await step("on a phone nothing hangs out of the screen", async () => {
    const phone = await view.twin(browser, server, { viewport: PHONE, hasTouch: true });
    for (const shown of pages.filter((one) => one.phone)) {
      await arrive(phone, shown);
      await noSidewaysScroll(phone, shown.path);
      if (shown.path === "/") await phone.picture("phone-home");
    }
    await phone.go("/");
    await axe(phone, "/ on a phone");
    await phone.page.getByRole("button", { name: "More", exact: true }).click();
    await phone.page.getByRole("dialog", { name: "More" }).getByRole("link", { name: "Catalog" }).click();
    await phone.heading("Catalog");
    phone.noErrors();
    await phone.page.context().close();
  });
});
