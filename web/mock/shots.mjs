// Pictures of every page against the mock, to be looked at. Needs `npm run dev -- --port 5199` beside it.
import { mkdirSync } from "node:fs";
import { chromium } from "playwright-core";

const base = process.env.BASE ?? "http://localhost:5199";
const out = new URL("../.shots/", import.meta.url).pathname;
mkdirSync(out, { recursive: true });
const only = process.argv[2];

const PAGES = [
  ["setup", "unclaimed", "/setup"],
  ["login", "signed-out", "/login"],
  ["home", "full", "/"],
  ["home-empty", "empty", "/"],
  ["home-trouble", "trouble", "/"],
  ["apps", "full", "/apps"],
  ["apps-empty", "empty", "/apps"],
  ["app", "trouble", "/apps/immich"],
  ["logs", "full", "/apps/immich/logs"],
  ["config", "full", "/apps/vaultwarden/config"],
  ["history", "full", "/apps/vaultwarden/history"],
  ["files", "full", "/apps/vaultwarden/files"],
  ["catalog", "trouble", "/catalog"],
  ["deploy", "full", "/deploy/hello"],
  ["operation", "full", "/operations/op_0000000000000003"],
  ["operation-failed", "full", "/operations/op_0000000000000005"],
  ["operation-stuck", "trouble", "/operations/op_0000000000000006"],
  ["activity", "full", "/activity"],
  ["audit", "full", "/activity/audit"],
  ["devices", "trouble", "/devices"],
  ["device", "trouble", "/devices/dev_0000000000000001"],
  ["device-trouble", "trouble", "/devices/dev_0000000000000002"],
  ["settings", "full", "/settings"],
  ["tokens", "full", "/settings/tokens"],
  ["users", "full", "/settings/users"],
  ["appearance", "full", "/settings/appearance"],
  ["about", "full", "/settings/about"],
  ["missing", "full", "/nowhere"],
  ["viewer", "viewer", "/apps/vaultwarden"],
];
const LOOKS = [
  ["dark", { width: 1440, height: 900 }, "dark"],
  ["light", { width: 1440, height: 900 }, "light"],
  ["phone", { width: 390, height: 844 }, "dark"],
];

const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox", "--disable-gpu"] });
for (const [look, viewport, colorScheme] of LOOKS) {
  if (process.argv[3] && process.argv[3] !== look) continue;
  const context = await browser.newContext({ viewport, colorScheme, hasTouch: look === "phone", deviceScaleFactor: 1 });
  const page = await context.newPage();
  page.on("console", (message) => message.type() === "error" && console.log(look, page.url(), message.text()));
  page.on("pageerror", (error) => console.log(look, page.url(), String(error)));
  for (const [name, scene, path] of PAGES) {
    if (only && only !== "all" && !name.includes(only)) continue;
    await fetch(`${base}/mock?scene=${scene}`);
    await page.goto(base + path, { waitUntil: "domcontentloaded", timeout: 90_000 });
    await page.waitForSelector("h1");
    await page.waitForTimeout(700);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
    if (wide) console.log(look, name, "scrolls sideways");
    await page.screenshot({ path: `${out}${name}-${look}.png`, fullPage: name !== "logs" });
  }
  await context.close();
}
await browser.close();
