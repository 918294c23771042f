// Chromium, and a page in it that remembers every error.
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { chromium, type Browser, type BrowserContextOptions, type Locator, type Page } from "playwright-core";
import { CHROMIUM } from "./needs.ts";
import { OWNER, type Server } from "./server.ts";
import { LONG, until, WAIT } from "./time.ts";

const ARGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

export const DESK = { width: 1440, height: 900 };
export const PHONE = { width: 390, height: 844 };

/** With more options of Chromium's own than all tests need. */
export function startBrowser(more: string[] = []): Promise<Browser> {
  return chromium.launch({ executablePath: CHROMIUM, args: [...ARGS, ...more], timeout: WAIT });
}

/** One page in a browser profile of its own. */
export class View {
  readonly page: Page;
  private errors: string[] = [];

  private constructor(page: Page) {
    this.page = page;
    page.setDefaultTimeout(WAIT);
    page.on("pageerror", (error) => this.errors.push(`${page.url()}: ${error.stack ?? error.message}`));
    page.on("console", (message) => {
      // Chromium breaks requests off when an interface comes or goes, as with every container on this machine,
      // and asks again.
      if (message.text().includes("net::ERR_NETWORK_CHANGED")) return;
      if (message.type() === "error") this.errors.push(`${page.url()}: ${message.text()} (${message.location().url})`);
    });
  }

  static async open(browser: Browser, server: Server, options: BrowserContextOptions = {}): Promise<View> {
    const context = await browser.newContext({
      baseURL: server.url,
      viewport: DESK,
      colorScheme: "dark",
      // A colour that is still fading is no colour to measure.
      reducedMotion: "reduce",
      ...options,
    });
    return new View(await context.newPage());
  }

  /** A second page with the same sign-in. */
  async twin(browser: Browser, server: Server, options: BrowserContextOptions = {}): Promise<View> {
    return View.open(browser, server, { storageState: await this.page.context().storageState(), ...options });
  }

  get main(): Locator {
    return this.page.getByRole("main");
  }

  async go(path: string): Promise<void> {
    await this.page.goto(path, { waitUntil: "domcontentloaded", timeout: WAIT });
  }

  /** The page's own heading, which names the page. */
  async heading(name: string | RegExp): Promise<void> {
    const exact = typeof name === "string";
    await this.page.getByRole("heading", { level: 1, name, exact }).waitFor();
  }

  /** A sentence or a word that stands there by itself. */
  async text(text: string | RegExp, within: number = WAIT): Promise<void> {
    const exact = typeof text === "string";
    const wanted = this.page.getByText(text, { exact }).first();
    await this.orShow(wanted.waitFor({ timeout: within }));
  }

  /** When a wait is in vain, the message says what the page shows instead. */
  private async orShow(wait: Promise<unknown>): Promise<void> {
    await wait.catch(async (error: unknown) => {
      const shown = await this.page.locator("body").innerText();
      throw new Error(`${this.page.url()} shows:\n${shown}`, { cause: error });
    });
  }

  button(name: string): Locator {
    // Exact: a button that is blocked carries the reason in its name, so only one that works is found.
    return this.page.getByRole("button", { name, exact: true });
  }

  /** From the pages at the left edge. */
  async open(label: string): Promise<void> {
    await this.page.getByRole("navigation", { name: "Pages" }).getByRole("link", { name: label, exact: true }).click();
  }

  /** A tab of an app's page. */
  async tab(app: string, label: string): Promise<void> {
    const views = this.page.getByRole("navigation", { name: `Views of ${app}` });
    await views.getByRole("link", { name: label, exact: true }).click();
  }

  async signIn(): Promise<void> {
    await this.heading("Sign in");
    await this.page.getByLabel("Name", { exact: true }).fill(OWNER.name);
    await this.page.getByLabel("Password", { exact: true }).fill(OWNER.password);
    await this.button("Sign in").click();
    await this.page.getByRole("navigation", { name: "Pages" }).first().waitFor();
  }

  /** Waits until an operation's page says how it ended; gives the operation's id. */
  async operation(title: string, ending: string): Promise<string> {
    await this.page.waitForURL(/\/operations\/op_/);
    await this.heading(title);
    await this.text(ending, LONG);
    return new URL(this.page.url()).pathname.split("/").at(-1) ?? "";
  }

  /** Waits until nothing on the page is still being loaded. */
  async settle(): Promise<void> {
    // Not by its role: below an open dialog the heading has none.
    await this.page.locator("h1").first().waitFor();
    const busy = this.page.locator('[aria-busy="true"]');
    await this.orShow(until("the page to be loaded", async () => (await busy.count()) === 0));
    await this.page.evaluate(() => document.fonts.ready.then(() => undefined));
  }

  /** Fails when the page threw, or wrote an error to the console, but for what is expected here. */
  noErrors(...expected: RegExp[]): void {
    const found = this.errors.filter((error) => !expected.some((pattern) => pattern.test(error)));
    this.errors = [];
    assert.deepEqual(found, [], "errors in the browser");
  }

  /** Writes a picture to the folder $STEWARD_SCREENSHOTS; without it nothing. */
  async picture(name: string): Promise<void> {
    const folder = process.env.STEWARD_SCREENSHOTS;
    if (!folder) return;
    mkdirSync(folder, { recursive: true });
    await this.settle();
    await this.page.screenshot({ path: join(folder, `${name}.png`), animations: "disabled", timeout: WAIT });
  }
}
