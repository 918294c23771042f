// What most tests begin with: a server that is claimed, and a page in a browser.
import type { TestContext } from "node:test";
import type { Browser } from "playwright-core";
import { startBrowser, View } from "./browser.ts";
import { Server } from "./server.ts";

interface Visit {
  server: Server;
  browser: Browser;
  view: View;
}

/** Ends with the test. */
export async function visit(t: TestContext, more: string[] = []): Promise<Visit> {
  const server = await Server.open(more);
  t.after(() => server.close());
  await server.claim();
  const browser = await startBrowser();
  t.after(() => browser.close());
  return { server, browser, view: await View.open(browser, server) };
}
